import { z } from "zod";
import { paymentInTodaysWords } from "./older-words.ts";
import {
  amount,
  flag,
  isObject,
  moment,
  sideAmount,
  sideField,
  text,
} from "./side-fields.ts";

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

const STATUS = z.union([z.enum(PAYMENT_STATUSES), z.string().min(1)]);

/**
 * One entry of `Payment.cancels`. Its amount is checked against the currency
 * by {@linkcode PAYMENT}; an entry without a usable key is told apart by its
 * place. Source: core API reference, Cancel object.
 */
export const CANCEL = z.looseObject({
  cancelAmount: amount,
  cancelReason: text,
  taxFreeAmount: sideAmount,
  taxExemptionAmount: sideAmount,
  refundableAmount: sideAmount,
  canceledAt: text,
  transactionKey: sideField(z.string().regex(/^[\x21-\x7e]{1,64}$/)),
  receiptKey: text,
  cancelStatus: text,
  cancelRequestId: text,
});

const CARD = z.looseObject({
  amount: sideAmount,
  issuerCode: text,
  acquirerCode: text,
  number: text,
  installmentPlanMonths: sideField(z.number()),
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
  accountNumber: text,
  bankCode: text,
  customerName: text,
  depositorName: text,
  // What a deadline looks like must not hold up a deposit.
  dueDate: text.catch(null),
  refundStatus: text,
  expired: flag.catch(null),
  settlementStatus: text,
  refundReceiveAccount: sideField(REFUND_RECEIVE_ACCOUNT),
});

const FAILURE = z.looseObject({ code: text, message: text });
const LINK = z.looseObject({ url: text });

type Cancel = z.output<typeof CANCEL>;

// Whoever reads it gets no cancels; PAYMENT refuses it where money was given back.
const UNREADABLE_CANCELS: Cancel[] = [];

// What is no list of objects holds no amounts; an amount in a list has to be one.
const CANCELS = z.unknown().default(null).transform(
  (value, context): Cancel[] | null => {
    if (value === null) return null;
    if (!Array.isArray(value) || !value.every(isObject)) {
      return UNREADABLE_CANCELS;
    }
    const parsed = z.array(CANCEL).safeParse(value);
    if (parsed.success) return parsed.data;
    for (const { path, message } of parsed.error.issues) {
      context.addIssue({ code: "custom", path, message });
    }
    return z.NEVER;
  },
);

const PAYMENT_FIELDS = z.looseObject({
  version: text,
  paymentKey: z.string().min(1).max(200),
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
  approvedAt: moment,
  useEscrow: flag,
  lastTransactionKey: text,
  suppliedAmount: sideAmount,
  vat: sideAmount,
  taxFreeAmount: sideAmount,
  taxExemptionAmount: sideAmount,
  cultureExpense: flag,
  cancels: CANCELS,
  isPartialCancelable: flag,
  card: sideField(CARD),
  virtualAccount: sideField(VIRTUAL_ACCOUNT),
  secret: text,
  mobilePhone: sideField(z.looseObject({ customerMobilePhone: text })),
  transfer: sideField(z.looseObject({ bankCode: text })),
  metadata: sideField(z.record(z.string(), z.unknown())),
  receipt: sideField(LINK),
  checkout: sideField(LINK),
  easyPay: sideField(z.looseObject({
    provider: text,
    amount: sideAmount,
    discountAmount: sideAmount,
  })),
  country: text,
  failure: sideField(FAILURE),
  discount: sideField(z.looseObject({ amount: sideAmount })),
  giftCertificate: sideField(z.looseObject({ approveNo: text })),
});

/**
 * Toss's Payment object, as far as this product reads it, of any API version.
 *
 * Identity (`paymentKey`, `orderId`), `status`, `currency` and the amounts
 * (`totalAmount`, `balanceAmount`, each `cancelAmount`) must be there and
 * readable; everything else becomes null when it is missing or has another
 * type, and unknown fields pass through untouched. In a currency without a
 * minor unit (KRW, JPY) one of the amounts that is not a safe integer fails the
 * parse: rounding money is never an answer. So does a list of cancels that
 * cannot be read while something was given back: nobody could tell which cancel
 * it was. Source: core API reference, Payment object.
 */
export const PAYMENT = z.preprocess(
  paymentInTodaysWords,
  PAYMENT_FIELDS.superRefine((payment, context) => {
    const refuse = (path: (string | number)[], message: string) =>
      context.addIssue({ code: "custom", path, message });
    const isPart = payment.balanceAmount < payment.totalAmount ||
      payment.status === "CANCELED" || payment.status === "PARTIAL_CANCELED";
    if (payment.cancels === UNREADABLE_CANCELS && isPart) {
      refuse(["cancels"], "a list of cancels is needed where there were some");
    }
    if (payment.currency !== "KRW" && payment.currency !== "JPY") return;
    for (const { path, value } of moneyOf(payment)) {
      if (Number.isSafeInteger(value)) continue;
      refuse(path, `${payment.currency} amounts are whole numbers`);
    }
  }),
);

/** A parsed Toss Payment object. */
export type TossPayment = z.output<typeof PAYMENT>;

type Money = { path: (string | number)[]; value: number };

function moneyOf(payment: z.output<typeof PAYMENT_FIELDS>): Money[] {
  const cancels = payment.cancels ?? [];
  return [
    { path: ["totalAmount"], value: payment.totalAmount },
    { path: ["balanceAmount"], value: payment.balanceAmount },
    ...cancels.map(({ cancelAmount }, index): Money => ({
      path: ["cancels", index, "cancelAmount"],
      value: cancelAmount,
    })),
  ];
}
