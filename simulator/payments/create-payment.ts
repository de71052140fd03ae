import { z } from "zod";
import type { KeyPair } from "../options.ts";
import type { SimulatorState } from "../state.ts";
import { CARD_COMPANIES, DEFAULT_CARD, DEFAULT_CARD_NUMBER } from "./card.ts";
import { newApproveNumber, newPaymentKey } from "./identifiers.ts";
import { RECEIPT_TYPES } from "../receipts/cash-receipt.ts";
import { type Payment, PAYMENT_METHODS } from "./payment.ts";
import { expirePayment } from "./transitions.ts";
import { type AccountTerms, accountTermsSchema } from "./virtual-account.ts";

/** Toss docs, payment result: the window stays open for 30 minutes. */
const WINDOW_MILLISECONDS = 30 * 60 * 1000;

/** The orderId rule of the core API reference: 6–64 of `A-Z a-z 0-9 _ -`. */
export const orderIdSchema = z.string().regex(/^[A-Za-z0-9_-]{6,64}$/);

/** What a buyer entered about a cash receipt; the message of an issue is Toss's error code where it has one. */
export const receiptTermsSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("미발행") }),
  z.object({
    type: z.enum(RECEIPT_TYPES),
    registrationNumber: z.string()
      .regex(/^\d{1,30}$/, "INVALID_REGISTRATION_NUMBER_TYPE"),
  }),
]);

/** What opens a payment. Amounts in KRW. */
export const newPaymentSchema = z.strictObject({
  orderId: orderIdSchema,
  amount: z.int().positive(),
  orderName: z.string().min(1).max(100).default("Simulated order"),
  method: z.enum(PAYMENT_METHODS).default("카드"),
  customerKey: z.string().min(2).max(300).nullable().default(null),
  taxFreeAmount: z.int().min(0).default(0),
  cardNumber: z.string().regex(/^\d{14,20}$/).default(DEFAULT_CARD_NUMBER),
  issuerCode: z.enum([...CARD_COMPANIES.keys()]).default(
    DEFAULT_CARD.issuerCode,
  ),
  /** Who pays when the method is 간편결제, as answers name it. */
  easyPayProvider: z.string().min(1).max(40).default("토스페이"),
  installmentPlanMonths: z.int().min(0).max(12).refine(
    (months) => months !== 1,
    "0 or 2 to 12 months",
  ).default(0),
  isInterestFree: z.boolean().default(false),
  discountAmount: z.int().min(0).default(0),
  virtualAccount: accountTermsSchema.prefault({}),
  /** What the buyer entered about a cash receipt, or what the contract says of it. */
  cashReceipt: receiptTermsSchema.nullable().default(null),
  metadata: z.record(z.string().max(40), z.string().max(2000)).nullable()
    .default(null),
}).refine(
  (payment) => payment.taxFreeAmount <= payment.amount,
  "taxFreeAmount is above amount",
).refine(
  (payment) => payment.discountAmount < payment.amount,
  "discountAmount is not below amount",
).refine(
  // Toss docs, card payments: 할부는 5만원 이상.
  (payment) => payment.installmentPlanMonths === 0 || payment.amount >= 50_000,
  "instalments begin at 50000 won",
);

/** `newPaymentSchema` after parsing; the API can name a fixed account too. */
export type NewPayment = z.output<typeof newPaymentSchema> & {
  virtualAccount: AccountTerms;
};

/** Opens a payment in READY, which expires 30 minutes later. */
export function createPayment(
  state: SimulatorState,
  keyPair: KeyPair,
  input: NewPayment,
): Payment {
  const now = state.clock.now();
  const newKey = () => newPaymentKey(keyPair.merchantId, now);
  let paymentKey = newKey();
  while (state.payments.has(paymentKey)) paymentKey = newKey();
  const {
    amount,
    virtualAccount: accountTerms,
    cashReceipt: receiptTerms,
    issuerCode,
    ...rest
  } = input;
  const payment: Payment = {
    ...rest,
    accountTerms,
    receiptTerms,
    virtualAccount: null,
    isDeliveryRegistered: false,
    transferBankCode: "92",
    paymentKey,
    keyPair,
    type: "NORMAL",
    card: { ...DEFAULT_CARD, issuerCode, acquirerCode: issuerCode },
    keyDigest: null,
    secret: null,
    totalAmount: amount,
    balanceAmount: amount,
    status: "READY",
    requestedAt: now,
    authenticatedAt: null,
    approvedAt: null,
    lastTransactionKey: null,
    approvalKey: null,
    approveNumber: newApproveNumber(),
    cancels: [],
    failure: null,
    approvals: 0,
    declineCode: null,
    cancelExpiry: state.scheduler.at(
      now + WINDOW_MILLISECONDS,
      () => expirePayment(state, payment),
    ),
  };
  state.payments.set(paymentKey, payment);
  const { orderId } = payment;
  const sameOrder = state.paymentsByOrder.get(orderId) ?? [];
  state.paymentsByOrder.set(orderId, [...sameOrder, payment]);
  return payment;
}
