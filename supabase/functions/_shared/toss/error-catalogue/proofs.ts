/** The calls that change something at Toss, named as the operations that make them. */
export const TOSS_CALLS = [
  "confirm",
  "cancel",
  "virtual_account",
  "charge",
  "billing_issue",
  "billing_delete",
  "cash_receipt",
  "cash_receipt_cancel",
] as const;

/** One of {@linkcode TOSS_CALLS}. */
export type TossCall = typeof TOSS_CALLS[number];

/**
 * What a refusal proves about the request that it answers.
 *
 * - `nothing`: it had no effect, and the same request never will.
 * - `later`: it had no effect, and the same request can have one later.
 * - `moved`: Toss holds the payment, order or key in another state than the request takes it for: it had no effect,
 *   what Toss holds is read and adopted.
 * - `ask`: nothing. Toss's own record of the payment, order or key decides.
 */
export type RefusalProof = "nothing" | "later" | "moved" | "ask";

/**
 * Every code of the catalogue, and what it proves for every call.
 *
 * Only what Toss documents for a call proves anything about it: its table of that endpoint ("전체 에러 목록", by
 * endpoint), and what it documents for every request (keys, form of the request). A code that Toss lists without an
 * endpoint proves nothing, unless its name leaves only one call (a refund's amount, an account's hours), and neither
 * does one that says itself that something went wrong on the way.
 *
 * One line a code, because 120 object literals would hide the table.
 */
const TABLE = `
confirm cancel  virtual_account charge  billing_issue billing_delete cash_receipt cash_receipt_cancel
later   later   later   later   later   later   later   later   UNAUTHORIZED_KEY
later   later   later   later   later   later   later   later   INVALID_API_KEY
later   later   later   later   later   later   later   later   INCORRECT_BASIC_AUTH_FORMAT
later   later   later   later   later   later   later   later   NOT_FOUND_HTTP_METHOD
nothing later   later   later   later   later   later   later   FORBIDDEN_REQUEST
nothing nothing nothing nothing nothing later   nothing nothing INVALID_REQUEST
nothing nothing nothing nothing nothing ask     nothing nothing INVALID_IDEMPOTENCY_KEY
nothing ask     ask     ask     ask     ask     ask     ask     NOT_FOUND_TERMINAL_ID
nothing ask     ask     ask     ask     ask     ask     ask     NOT_REGISTERED_BUSINESS
nothing ask     ask     ask     ask     ask     ask     ask     INVALID_UNREGISTERED_SUBMALL
ask     ask     ask     ask     later   ask     ask     ask     NOT_SUPPORTED_METHOD
ask     ask     ask     ask     ask     ask     ask     ask     NOT_FOUND_MERCHANT
ask     ask     ask     ask     ask     ask     ask     ask     NOT_SUPPORTED_WIDGET_KEY
ask     ask     ask     ask     ask     ask     ask     ask     NOT_SUPPORTED_API_INDIVIDUAL_KEY
ask     ask     ask     ask     ask     ask     ask     ask     INSECURE_KEY_USAGE
ask     ask     ask     ask     ask     ask     ask     ask     API_VERSION_UPDATE_NEEDED
ask     ask     ask     ask     ask     ask     ask     ask     INVALID_REQUIRED_PARAM
ask     ask     ask     ask     ask     ask     ask     ask     INVALID_TEST_CODE

nothing ask     ask     nothing nothing ask     ask     ask     REJECT_CARD_COMPANY
nothing ask     ask     nothing ask     ask     ask     ask     REJECT_CARD_PAYMENT
nothing ask     ask     nothing nothing ask     ask     ask     REJECT_ACCOUNT_PAYMENT
nothing ask     ask     nothing nothing ask     ask     ask     INVALID_REJECT_CARD
nothing ask     ask     nothing nothing ask     ask     ask     INVALID_STOPPED_CARD
nothing ask     ask     nothing ask     ask     ask     ask     INVALID_CARD_LOST_OR_STOLEN
nothing ask     ask     nothing nothing ask     ask     ask     INVALID_CARD_NUMBER
nothing ask     ask     nothing nothing ask     ask     ask     INVALID_CARD_EXPIRATION
ask     ask     ask     ask     nothing ask     ask     ask     INVALID_CARD_PASSWORD
ask     ask     ask     ask     nothing ask     ask     ask     INVALID_CARD_IDENTITY
ask     ask     ask     nothing nothing ask     ask     ask     NOT_SUPPORTED_CARD_TYPE
ask     ask     ask     nothing nothing ask     ask     ask     NOT_REGISTERED_CARD_COMPANY
nothing ask     ask     ask     ask     ask     ask     ask     NOT_ALLOWED_POINT_USE
nothing ask     ask     nothing ask     ask     ask     ask     EXCEED_MAX_CARD_INSTALLMENT_PLAN
nothing ask     ask     nothing ask     ask     ask     ask     INVALID_CARD_INSTALLMENT_PLAN
nothing ask     ask     nothing ask     ask     ask     ask     NOT_SUPPORTED_INSTALLMENT_PLAN_CARD_OR_MERCHANT
nothing ask     ask     nothing ask     ask     ask     ask     NOT_SUPPORTED_MONTHLY_INSTALLMENT_PLAN
ask     ask     ask     ask     ask     ask     ask     ask     NOT_SUPPORTED_MONTHLY_INSTALLMENT_PLAN_BELOW_AMOUNT
ask     ask     ask     ask     ask     ask     ask     ask     NOT_SUPPORTED_INSTALLMENT_PLAN
nothing ask     ask     ask     ask     ask     ask     ask     FDS_ERROR

nothing ask     ask     ask     ask     ask     ask     ask     REJECT_TOSSPAY_INVALID_ACCOUNT
nothing ask     ask     ask     ask     ask     ask     ask     RESTRICTED_TRANSFER_ACCOUNT
nothing ask     ask     ask     ask     ask     ask     ask     INVALID_ACCOUNT_INFO_RE_REGISTER
nothing ask     ask     ask     ask     ask     ask     ask     INVALID_PASSWORD
nothing ask     ask     ask     ask     ask     ask     ask     INVALID_AUTHORIZE_AUTH
later   later   ask     ask     ask     ask     ask     ask     NOT_AVAILABLE_BANK
later   ask     ask     ask     ask     ask     ask     ask     NOT_AVAILABLE_PAYMENT
ask     ask     ask     ask     ask     ask     ask     ask     MAINTAINED_METHOD

nothing ask     ask     ask     ask     ask     ask     ask     EXCEED_MAX_DAILY_PAYMENT_COUNT
nothing ask     ask     ask     ask     ask     ask     ask     EXCEED_MAX_PAYMENT_AMOUNT
nothing ask     ask     ask     ask     ask     ask     ask     EXCEED_MAX_ONE_DAY_AMOUNT
nothing ask     ask     ask     ask     ask     ask     ask     EXCEED_MAX_ONE_DAY_WITHDRAW_AMOUNT
nothing ask     ask     ask     ask     ask     ask     ask     EXCEED_MAX_ONE_TIME_WITHDRAW_AMOUNT
nothing ask     ask     ask     ask     ask     ask     ask     EXCEED_MAX_MONTHLY_PAYMENT_AMOUNT
nothing ask     ask     ask     ask     ask     ask     ask     EXCEED_MAX_AMOUNT
nothing ask     ask     nothing nothing ask     ask     ask     EXCEED_MAX_AUTH_COUNT
nothing ask     nothing nothing ask     ask     ask     ask     BELOW_MINIMUM_AMOUNT
nothing ask     nothing nothing ask     ask     ask     ask     BELOW_ZERO_AMOUNT

moved   ask     ask     ask     ask     ask     ask     ask     ALREADY_PROCESSED_PAYMENT
ask     ask     ask     ask     ask     ask     ask     ask     ALREADY_COMPLETED_PAYMENT
ask     ask     moved   moved   ask     ask     ask     ask     DUPLICATED_ORDER_ID
ask     ask     ask     ask     ask     ask     ask     ask     DUPLICATED_REQUEST
nothing later   ask     ask     ask     ask     ask     ask     NOT_FOUND_PAYMENT
ask     ask     ask     ask     ask     ask     ask     ask     NOT_FOUND
nothing ask     ask     ask     ask     ask     ask     ask     NOT_FOUND_PAYMENT_SESSION
ask     ask     ask     ask     ask     ask     ask     ask     EXPIRED_PAYMENT
ask     ask     ask     ask     ask     ask     ask     ask     UNAPPROVED_ORDER_ID
ask     ask     ask     ask     ask     ask     ask     ask     INVALID_PAYMENT_KEY
ask     ask     ask     ask     ask     ask     ask     ask     INVALID_ORDER_ID
ask     ask     ask     ask     ask     ask     ask     ask     PAY_PROCESS_CANCELED
ask     ask     ask     ask     ask     ask     ask     ask     PAY_PROCESS_ABORTED
ask     ask     ask     ask     ask     ask     ask     ask     USER_CANCEL
ask     ask     ask     ask     ask     ask     ask     ask     NOT_SUPPORTED_PROMISE

ask     moved   ask     ask     ask     ask     ask     ask     ALREADY_CANCELED_PAYMENT
ask     moved   ask     ask     ask     ask     ask     ask     ALREADY_REFUND_PAYMENT
ask     moved   ask     ask     ask     ask     ask     ask     NOT_CANCELABLE_AMOUNT
ask     moved   ask     ask     ask     ask     ask     ask     NOT_MATCHES_REFUNDABLE_AMOUNT
ask     moved   ask     ask     ask     ask     ask     ask     NOT_ALLOWED_PARTIAL_REFUND_WAITING_DEPOSIT
ask     nothing ask     ask     ask     ask     ask     ask     NOT_CANCELABLE_PAYMENT
ask     nothing ask     ask     ask     ask     ask     ask     NOT_CANCELABLE_PAYMENT_FOR_DORMANT_USER
ask     nothing ask     ask     ask     ask     ask     ask     NOT_ALLOWED_PARTIAL_REFUND
ask     nothing ask     ask     ask     ask     ask     ask     EXCEED_CANCEL_AMOUNT_DISCOUNT_AMOUNT
ask     nothing ask     ask     ask     ask     ask     ask     EXCEED_CANCEL_LIMIT
ask     nothing ask     ask     ask     ask     ask     ask     EXCEED_MAX_REFUND_DUE
ask     nothing ask     ask     ask     ask     ask     ask     INVALID_REFUND_ACCOUNT_INFO
ask     nothing ask     ask     ask     ask     ask     ask     INVALID_REFUND_ACCOUNT_NUMBER
ask     nothing ask     ask     ask     ask     ask     ask     FORBIDDEN_BANK_REFUND_REQUEST
ask     nothing ask     ask     ask     ask     ask     ask     REFUND_REJECTED
ask     nothing nothing ask     ask     ask     ask     ask     INVALID_BANK
ask     nothing ask     ask     ask     ask     ask     ask     EXCEED_MAX_REFUND_AMOUNT
ask     nothing ask     ask     ask     ask     ask     ask     INVALID_REFUND_AMOUNT

ask     ask     nothing ask     ask     ask     ask     ask     INVALID_DATE
ask     ask     nothing ask     ask     ask     ask     ask     EXCEED_MAX_DUE_DATE
ask     ask     nothing ask     ask     ask     ask     ask     EXCEED_MAX_VALID_HOURS
ask     ask     nothing ask     ask     ask     ask     ask     INVALID_VALID_HOURS_WITH_DUE_DATE_AND_SINGLE
ask     ask     nothing ask     ask     ask     ask     ask     INVALID_REGISTRATION_NUMBER_TYPE
ask     ask     nothing ask     ask     ask     ask     ask     REQUIRED_ACCOUNT_KEY
ask     ask     nothing ask     ask     ask     ask     ask     INVALID_VIRTUAL_ACCOUNT_TYPE

ask     ask     ask     nothing ask     moved   ask     ask     ALREADY_REMOVED_BILLING_KEY
ask     ask     ask     nothing ask     moved   ask     ask     BILLING_KEY_NOT_FOUND
ask     ask     ask     nothing ask     moved   ask     ask     INVALID_BILL_KEY_REQUEST
ask     ask     ask     ask     nothing moved   ask     ask     NOT_FOUND_BILLING
ask     ask     ask     nothing ask     ask     ask     ask     NOT_MATCHES_CUSTOMER_KEY
ask     ask     ask     ask     nothing ask     ask     ask     INVALID_BILLING_AUTH
ask     ask     ask     ask     nothing ask     ask     ask     INVALID_BIRTH_DAY_FORMAT
ask     ask     ask     ask     nothing ask     ask     ask     INVALID_EMAIL

ask     ask     ask     ask     ask     ask     ask     ask     PROVIDER_ERROR
ask     ask     ask     ask     ask     ask     ask     ask     CARD_PROCESSING_ERROR
ask     ask     ask     ask     ask     ask     ask     ask     IDEMPOTENT_REQUEST_PROCESSING
ask     ask     ask     ask     ask     ask     ask     ask     FORBIDDEN_CONSECUTIVE_REQUEST
ask     ask     ask     ask     ask     ask     ask     ask     FAILED_PAYMENT_INTERNAL_SYSTEM_PROCESSING
ask     ask     ask     ask     ask     ask     ask     ask     FAILED_INTERNAL_SYSTEM_PROCESSING
ask     ask     ask     ask     ask     ask     ask     ask     FAILED_DB_PROCESSING
ask     ask     ask     ask     ask     ask     ask     ask     FAILED_REFUND_PROCESS
ask     ask     ask     ask     ask     ask     ask     ask     FAILED_METHOD_HANDLING_CANCEL
ask     ask     ask     ask     ask     ask     ask     ask     FAILED_PARTIAL_REFUND
ask     ask     ask     ask     ask     ask     ask     ask     FAILED_BILL_KEY_AUTH_CREATION
ask     ask     ask     ask     ask     ask     ask     ask     FAILED_CARD_COMPANY_RESPONSE
ask     ask     ask     ask     ask     ask     ask     ask     FAILED_BILLING_AUTO_CANCEL
ask     ask     ask     ask     ask     ask     ask     ask     UNKNOWN_PAYMENT_ERROR
ask     ask     ask     ask     ask     ask     ask     ask     UNKNOWN_ERROR
ask     ask     ask     ask     ask     ask     ask     ask     COMMON_ERROR
`;

const WORDS: ReadonlyMap<string, RefusalProof> = new Map(
  (["nothing", "later", "moved", "ask"] as const).map((word) => [word, word]),
);

function parseTable(): ReadonlyMap<string, Record<TossCall, RefusalProof>> {
  const [head = "", ...rows] = TABLE.trim().split(/\n+/)
    .map((row) => row.trim());
  if (head.split(/\s+/).join() !== TOSS_CALLS.join()) {
    throw new Error("the columns of the table of proofs are not the calls");
  }
  return new Map(rows.map((row) => {
    const cells = row.split(/\s+/);
    const word = (column: number): RefusalProof => {
      const proof = WORDS.get(cells[column] ?? "");
      if (proof === undefined) throw new Error(`malformed proofs: ${row}`);
      return proof;
    };
    const proofs = {
      confirm: word(0),
      cancel: word(1),
      virtual_account: word(2),
      charge: word(3),
      billing_issue: word(4),
      billing_delete: word(5),
      cash_receipt: word(6),
      cash_receipt_cancel: word(7),
    };
    return [cells[TOSS_CALLS.length] ?? "", proofs];
  }));
}

/** What every listed code proves, call by call. */
export const REFUSAL_PROOFS = parseTable();

/** What Toss's refusal of a call with this code proves; `ask` for a code that nobody has judged. */
export function proofOf(call: TossCall, code: string): RefusalProof {
  return REFUSAL_PROOFS.get(code)?.[call] ?? "ask";
}
