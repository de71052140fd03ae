import fc from "fast-check";

/** Any JSON value, with what has broken readers before among them: text that Postgres refuses, numbers out of range, words of a language. */
export const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom<unknown>(
    "",
    "\0",
    "\ud800",
    "x".repeat(5_000),
    "가".repeat(300),
    "__proto__",
    "null",
    "9999-99-99T99:99:99+99:99",
    -1,
    0.5,
    1e300,
    Number.MAX_SAFE_INTEGER,
    0,
    false,
    {},
    [],
    [null],
    [[]],
    { url: 7, code: [], provider: {} },
    { accountNumber: 1, bankCode: {} },
  ),
);

/**
 * Every field of Toss's Payment that is no identity, no status, no amount that counts and no currency, of every API
 * version. Source: core API reference, Payment object; tests/fixtures/toss.
 */
export const SIDE_FIELDS: readonly string[] = [
  ..."version type orderName mId mid method requestedAt approvedAt useEscrow lastTransactionKey transactionKey"
    .split(" "),
  ..."suppliedAmount vat taxFreeAmount taxExemptionAmount cultureExpense isPartialCancelable partialCancelable"
    .split(" "),
  ..."card virtualAccount secret mobilePhone giftCertificate transfer metadata receipt checkout easyPay country"
    .split(" "),
  ..."easyPayAmount easyPayDiscountAmount foreignEasyPay failure cashReceipt cashReceipts discount novelty"
    .split(" "),
  ..."amount issuerCode acquirerCode company number installmentPlanMonths approveNo useCardPoint cardType ownerType"
    .split(" ").map((name) => `card.${name}`),
  ..."acquireStatus isInterestFree interestPayer receiptUrl".split(" ")
    .map((name) => `card.${name}`),
  ..."provider amount discountAmount".split(" ").map((name) =>
    `easyPay.${name}`
  ),
  "receipt.url",
  "checkout.url",
  "failure.code",
  "failure.message",
];

/** The fields of Payment.virtualAccount. */
export const ACCOUNT_FIELDS: readonly string[] =
  "accountType accountNumber bankCode bank customerName depositorName dueDate refundStatus expired settlementStatus refundReceiveAccount"
    .split(" ").map((name) => `virtualAccount.${name}`);

/** The fields of an entry of Payment.cancels, but for its amount. */
export const CANCEL_FIELDS: readonly string[] =
  "cancelReason taxFreeAmount taxExemptionAmount refundableAmount canceledAt transactionKey receiptKey cancelStatus cancelRequestId easyPayDiscountAmount"
    .split(" ").map((name) => `cancels[].${name}`);

/** The fields of Toss's Billing object that are no key. */
export const BILLING_FIELDS: readonly string[] =
  "mId authenticatedAt method cardCompany cardNumber card transfers easyPay card.issuerCode card.acquirerCode card.number card.cardType card.ownerType"
    .split(" ");

/** A field and what stands in it. */
export interface OddField {
  field: string;
  value: unknown;
}

/** One of `fields` with any value. */
export function oddField(fields: readonly string[]): fc.Arbitrary<OddField> {
  return fc.record({ field: fc.constantFrom(...fields), value: oddValue })
    // The one value that has a meaning of its own there: the deadline has passed.
    .filter(({ field, value }) =>
      !(field === "virtualAccount.expired" && value === true)
    );
}
