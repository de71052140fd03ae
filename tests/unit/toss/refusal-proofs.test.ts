import assert from "node:assert/strict";
import { judgeRefusal } from "../../../supabase/functions/_shared/operations/refusal.ts";
import { ERROR_CATALOGUE } from "../../../supabase/functions/_shared/toss/error-catalogue.ts";
import {
  proofOf,
  REFUSAL_PROOFS,
  type RefusalProof,
  TOSS_CALLS,
  type TossCall,
} from "../../../supabase/functions/_shared/toss/error-catalogue/proofs.ts";

const words = (text: string) => text.trim().split(/\s+/);

// Typed in from Toss's tables of the endpoints: what ends an operation of the call for good.
const NOTHING: Record<TossCall, string[]> = {
  confirm: words(`EXCEED_MAX_CARD_INSTALLMENT_PLAN INVALID_REQUEST
    NOT_ALLOWED_POINT_USE INVALID_REJECT_CARD BELOW_MINIMUM_AMOUNT
    INVALID_CARD_EXPIRATION INVALID_STOPPED_CARD EXCEED_MAX_DAILY_PAYMENT_COUNT
    NOT_SUPPORTED_INSTALLMENT_PLAN_CARD_OR_MERCHANT
    INVALID_CARD_INSTALLMENT_PLAN NOT_SUPPORTED_MONTHLY_INSTALLMENT_PLAN
    EXCEED_MAX_PAYMENT_AMOUNT NOT_FOUND_TERMINAL_ID INVALID_AUTHORIZE_AUTH
    INVALID_CARD_LOST_OR_STOLEN RESTRICTED_TRANSFER_ACCOUNT INVALID_CARD_NUMBER
    INVALID_UNREGISTERED_SUBMALL NOT_REGISTERED_BUSINESS
    EXCEED_MAX_ONE_DAY_WITHDRAW_AMOUNT EXCEED_MAX_ONE_TIME_WITHDRAW_AMOUNT
    EXCEED_MAX_AMOUNT INVALID_ACCOUNT_INFO_RE_REGISTER
    EXCEED_MAX_MONTHLY_PAYMENT_AMOUNT REJECT_ACCOUNT_PAYMENT
    REJECT_CARD_PAYMENT REJECT_CARD_COMPANY FORBIDDEN_REQUEST
    REJECT_TOSSPAY_INVALID_ACCOUNT EXCEED_MAX_AUTH_COUNT
    EXCEED_MAX_ONE_DAY_AMOUNT INVALID_PASSWORD FDS_ERROR NOT_FOUND_PAYMENT
    NOT_FOUND_PAYMENT_SESSION INVALID_IDEMPOTENCY_KEY BELOW_ZERO_AMOUNT`),
  cancel: words(
    `INVALID_REFUND_ACCOUNT_INFO EXCEED_CANCEL_AMOUNT_DISCOUNT_AMOUNT
    INVALID_REQUEST INVALID_REFUND_ACCOUNT_NUMBER INVALID_BANK REFUND_REJECTED
    FORBIDDEN_BANK_REFUND_REQUEST NOT_CANCELABLE_PAYMENT EXCEED_MAX_REFUND_DUE
    NOT_ALLOWED_PARTIAL_REFUND NOT_CANCELABLE_PAYMENT_FOR_DORMANT_USER
    EXCEED_CANCEL_LIMIT INVALID_REFUND_AMOUNT EXCEED_MAX_REFUND_AMOUNT
    INVALID_IDEMPOTENCY_KEY`,
  ),
  virtual_account: words(`INVALID_REQUEST INVALID_REGISTRATION_NUMBER_TYPE
    INVALID_DATE INVALID_BANK EXCEED_MAX_DUE_DATE EXCEED_MAX_VALID_HOURS
    INVALID_VALID_HOURS_WITH_DUE_DATE_AND_SINGLE REQUIRED_ACCOUNT_KEY
    INVALID_VIRTUAL_ACCOUNT_TYPE BELOW_MINIMUM_AMOUNT BELOW_ZERO_AMOUNT
    INVALID_IDEMPOTENCY_KEY`),
  charge: words(`INVALID_STOPPED_CARD INVALID_REJECT_CARD
    INVALID_CARD_LOST_OR_STOLEN INVALID_CARD_EXPIRATION INVALID_CARD_NUMBER
    INVALID_BILL_KEY_REQUEST NOT_SUPPORTED_CARD_TYPE NOT_MATCHES_CUSTOMER_KEY
    ALREADY_REMOVED_BILLING_KEY INVALID_REQUEST BELOW_MINIMUM_AMOUNT
    NOT_REGISTERED_CARD_COMPANY EXCEED_MAX_CARD_INSTALLMENT_PLAN
    INVALID_CARD_INSTALLMENT_PLAN
    NOT_SUPPORTED_INSTALLMENT_PLAN_CARD_OR_MERCHANT
    NOT_SUPPORTED_MONTHLY_INSTALLMENT_PLAN REJECT_CARD_PAYMENT
    REJECT_ACCOUNT_PAYMENT REJECT_CARD_COMPANY EXCEED_MAX_AUTH_COUNT
    BILLING_KEY_NOT_FOUND BELOW_ZERO_AMOUNT INVALID_IDEMPOTENCY_KEY`),
  billing_issue: words(`INVALID_CARD_NUMBER NOT_SUPPORTED_CARD_TYPE
    INVALID_CARD_PASSWORD INVALID_CARD_EXPIRATION INVALID_CARD_IDENTITY
    INVALID_REJECT_CARD INVALID_STOPPED_CARD INVALID_BIRTH_DAY_FORMAT
    NOT_REGISTERED_CARD_COMPANY INVALID_EMAIL INVALID_REQUEST
    INVALID_BILLING_AUTH EXCEED_MAX_AUTH_COUNT REJECT_CARD_COMPANY
    REJECT_ACCOUNT_PAYMENT NOT_FOUND_BILLING INVALID_IDEMPOTENCY_KEY`),
  billing_delete: [],
  cash_receipt: words("INVALID_REQUEST INVALID_IDEMPOTENCY_KEY"),
  cash_receipt_cancel: words("INVALID_REQUEST INVALID_IDEMPOTENCY_KEY"),
};

const MOVED: Partial<Record<TossCall, string[]>> = {
  confirm: ["ALREADY_PROCESSED_PAYMENT"],
  cancel: words(`ALREADY_CANCELED_PAYMENT ALREADY_REFUND_PAYMENT
    NOT_CANCELABLE_AMOUNT NOT_MATCHES_REFUNDABLE_AMOUNT
    NOT_ALLOWED_PARTIAL_REFUND_WAITING_DEPOSIT`),
  virtual_account: ["DUPLICATED_ORDER_ID"],
  charge: ["DUPLICATED_ORDER_ID"],
  billing_delete: words(`ALREADY_REMOVED_BILLING_KEY BILLING_KEY_NOT_FOUND
    INVALID_BILL_KEY_REQUEST NOT_FOUND_BILLING`),
};

function codesWith(call: TossCall, proof: RefusalProof): string[] {
  return [...REFUSAL_PROOFS].filter(([, proofs]) => proofs[call] === proof)
    .map(([code]) => code).sort();
}

Deno.test("REFUSAL_PROOFS judges every code of the catalogue once, for every call", () => {
  const codes = ERROR_CATALOGUE.map(({ code }) => code).sort();
  assert.deepEqual([...REFUSAL_PROOFS.keys()].sort(), codes);
  for (const [code, proofs] of REFUSAL_PROOFS) {
    assert.deepEqual(Object.keys(proofs), [...TOSS_CALLS], code);
  }
});

for (const call of TOSS_CALLS) {
  Deno.test(`REFUSAL_PROOFS lets only what Toss documents for it end a ${call}`, () => {
    assert.deepEqual(codesWith(call, "nothing"), NOTHING[call].sort());
    assert.deepEqual(codesWith(call, "moved"), (MOVED[call] ?? []).sort());
  });

  Deno.test(`proofOf() takes no unlisted code for a proof about a ${call}`, () => {
    const unlisted = words(`ALREADY_PROCESSING_REQUEST REJECT_NEW_THING
      EXCEED_MAX_NEW_THING INVALID_CARD_NEW __proto__ toString`);
    for (const code of unlisted) assert.equal(proofOf(call, code), "ask");
  });
}

Deno.test("REFUSAL_PROOFS believes no code of which the catalogue says that the outcome is unknown", () => {
  for (const { code, class: kind } of ERROR_CATALOGUE) {
    if (kind !== "unknown") continue;
    for (const call of TOSS_CALLS) assert.equal(proofOf(call, code), "ask");
  }
});

const FIRST = { attempts: 1, keyGeneration: 1, keyAgeSeconds: 0 };
const SAME_KEY = { attempts: 2, keyGeneration: 1, keyAgeSeconds: 5 };
const NEXT_KEY = { attempts: 2, keyGeneration: 2, keyAgeSeconds: 59 };
const QUIET = { attempts: 2, keyGeneration: 2, keyAgeSeconds: 60 };

const JUDGEMENTS: [string, typeof FIRST, string, string][] = [
  ["a decline of the only try", FIRST, "REJECT_CARD_PAYMENT", "ends"],
  ["a closed bank at the only try", FIRST, "NOT_AVAILABLE_PAYMENT", "ends"],
  ["an unlisted code of the only try", FIRST, "REJECT_NEW", "asks"],
  [
    "a code of another call",
    FIRST,
    "ALREADY_REMOVED_BILLING_KEY",
    "asks",
  ],
  [
    "a decline under the same key",
    SAME_KEY,
    "REJECT_CARD_PAYMENT",
    "asks once",
  ],
  [
    "a decline under the next key, too early",
    NEXT_KEY,
    "REJECT_CARD_PAYMENT",
    "asks",
  ],
  [
    "a decline under the next key, late enough",
    QUIET,
    "REJECT_CARD_PAYMENT",
    "asks once",
  ],
  ["an unlisted code, however late", QUIET, "REJECT_NEW", "asks"],
  ["a closed bank at a later try", QUIET, "NOT_AVAILABLE_PAYMENT", "asks"],
  [
    "what was processed before",
    FIRST,
    "ALREADY_PROCESSED_PAYMENT",
    "asks once",
  ],
];

for (const [what, operation, code, expected] of JUDGEMENTS) {
  Deno.test(`judgeRefusal() ${expected} after ${what}`, () => {
    const { endsAtOnce, isLastWord } = judgeRefusal("confirm", operation, code);
    const asked = isLastWord ? "asks once" : "asks";
    assert.equal(endsAtOnce ? "ends" : asked, expected);
  });
}
