import { z } from "zod";

/** The states Toss documents for `Payment.status`. */
const PAYMENT_STATUSES = [
  "READY",
  "IN_PROGRESS",
  "WAITING_FOR_DEPOSIT",
  "DONE",
  "CANCELED",
  "PARTIAL_CANCELED",
  "ABORTED",
  "EXPIRED",
] as const;

// Toss adds enum values without a version bump ("버전 정책"), so every enum is
// read as text and compared with the known values where it matters.
const STATUS = z.union([z.enum(PAYMENT_STATUSES), z.string().min(1)]);

// Absent and null mean the same in Toss's objects: older API versions leave out
// what newer ones set to null. Readers get null in both cases.
const text = z.string().nullable().default(null);
const flag = z.boolean().nullable().default(null);
const amount = z.number().min(0);
const optionalAmount = amount.nullable().default(null);

/**
 * One entry of `Payment.cancels`, also the `data` of CANCEL_STATUS_CHANGED.
 * Amounts are checked against the currency by {@linkcode PAYMENT}.
 * Source: core API reference, Cancel object.
 */
export const CANCEL = z.looseObject({
  cancelAmount: amount,
  cancelReason: text,
  taxFreeAmount: optionalAmount,
  taxExemptionAmount: optionalAmount,
  refundableAmount: optionalAmount,
  canceledAt: text,
  transactionKey: z.string().min(1),
  receiptKey: text,
  cancelStatus: text,
  cancelRequestId: text,
});

const CARD = z.looseObject({
  amount: optionalAmount,
  issuerCode: text,
  acquirerCode: text,
  number: text,
  installmentPlanMonths: z.number().nullable().default(null),
  approveNo: text,
  useCardPoint: flag,
  cardType: text,
  ownerType: text,
  acquireStatus: text,
  isInterestFree: flag,
  interestPayer: text,
});

const REFUND_RECEIVE_ACCOUNT = z.looseObject({
  bankCode: text,
  accountNumber: text,
  holderName: text,
});

const VIRTUAL_ACCOUNT = z.looseObject({
  accountType: text,
  accountNumber: z.string().min(1),
  bankCode: text,
  customerName: text,
  depositorName: text,
  // What a deadline looks like must not hold up a deposit.
  dueDate: text.catch(null),
  refundStatus: text,
  expired: flag.catch(null),
  settlementStatus: text,
  refundReceiveAccount: REFUND_RECEIVE_ACCOUNT.nullable().default(null),
});

const FAILURE = z.looseObject({ code: z.string(), message: text });
const LINK = z.looseObject({ url: text });

const PAYMENT_FIELDS = z.looseObject({
  version: text,
  paymentKey: z.string().min(1),
  type: text,
  orderId: z.string().min(1),
  orderName: text,
  mId: text,
  currency: z.string().min(1),
  method: text,
  totalAmount: amount,
  balanceAmount: amount,
  status: STATUS,
  requestedAt: text,
  approvedAt: text,
  useEscrow: flag,
  lastTransactionKey: text,
  suppliedAmount: optionalAmount,
  vat: optionalAmount,
  taxFreeAmount: optionalAmount,
  taxExemptionAmount: optionalAmount,
  cultureExpense: flag,
  cancels: z.array(CANCEL).nullable().default(null),
  isPartialCancelable: flag,
  card: CARD.nullable().default(null),
  virtualAccount: VIRTUAL_ACCOUNT.nullable().default(null),
  secret: text,
  mobilePhone: z.looseObject({ customerMobilePhone: text }).nullable()
    .default(null),
  transfer: z.looseObject({ bankCode: text }).nullable().default(null),
  metadata: z.record(z.string(), z.unknown()).nullable().default(null),
  receipt: LINK.nullable().default(null),
  checkout: LINK.nullable().default(null),
  easyPay: z.looseObject({
    provider: text,
    amount: optionalAmount,
    discountAmount: optionalAmount,
  }).nullable().default(null),
  country: text,
  failure: FAILURE.nullable().default(null),
  discount: z.looseObject({ amount: optionalAmount }).nullable().default(null),
});

/**
 * Toss's Payment object, as far as this product reads it.
 *
 * Unknown fields pass through untouched. Identity, state and the two amounts
 * must be there; everything else becomes null when it is missing. In a currency
 * without a minor unit (KRW, JPY) a total, a balance or a cancelled amount that
 * is not a safe integer fails the parse: rounding money is never an answer.
 * Source: core API reference, Payment object.
 */
export const PAYMENT = PAYMENT_FIELDS.superRefine((payment, context) => {
  if (payment.currency !== "KRW" && payment.currency !== "JPY") return;
  for (const { path, value } of moneyOf(payment)) {
    if (value === null || Number.isSafeInteger(value)) continue;
    context.addIssue({
      code: "custom",
      path,
      message: `${payment.currency} amounts are whole numbers`,
    });
  }
});

/** A parsed Toss Payment object. */
export type TossPayment = z.output<typeof PAYMENT>;

type Money = { path: (string | number)[]; value: number | null };

function moneyOf(payment: z.output<typeof PAYMENT_FIELDS>): Money[] {
  const cancels = payment.cancels ?? [];
  return [
    { path: ["totalAmount"], value: payment.totalAmount },
    { path: ["balanceAmount"], value: payment.balanceAmount },
    { path: ["suppliedAmount"], value: payment.suppliedAmount },
    { path: ["vat"], value: payment.vat },
    { path: ["taxFreeAmount"], value: payment.taxFreeAmount },
    { path: ["taxExemptionAmount"], value: payment.taxExemptionAmount },
    { path: ["card", "amount"], value: payment.card?.amount ?? null },
    ...cancels.flatMap((cancel, index): Money[] => [
      { path: ["cancels", index, "cancelAmount"], value: cancel.cancelAmount },
      {
        path: ["cancels", index, "refundableAmount"],
        value: cancel.refundableAmount,
      },
    ]),
  ];
}
