import assert from "node:assert/strict";
import { declineClass } from "../../../supabase/functions/_shared/operations/charge/decline.ts";
import { describeTossError } from "../../../supabase/functions/_shared/toss/error-catalogue.ts";
import { judgeAnswer } from "../../../supabase/functions/_shared/toss/judge-answer.ts";
import { z } from "zod";

const words = (text: string) => text.trim().split(/\s+/);

// Typed in from Toss's tables of billing charge errors, by what a subscriber's bank means with each.
const BY_CLASS = {
  hard: words(`INVALID_STOPPED_CARD INVALID_CARD_LOST_OR_STOLEN
    INVALID_CARD_EXPIRATION INVALID_CARD_NUMBER NOT_SUPPORTED_CARD_TYPE
    INVALID_BILL_KEY_REQUEST NOT_MATCHES_CUSTOMER_KEY
    ALREADY_REMOVED_BILLING_KEY BILLING_KEY_NOT_FOUND NOT_FOUND_BILLING
    INVALID_ACCOUNT_INFO_RE_REGISTER BELOW_MINIMUM_AMOUNT`),
  soft: words(`REJECT_CARD_PAYMENT REJECT_ACCOUNT_PAYMENT REJECT_CARD_COMPANY
    INVALID_REJECT_CARD NOT_REGISTERED_CARD_COMPANY FDS_ERROR
    RESTRICTED_TRANSFER_ACCOUNT REJECT_TOSSPAY_INVALID_ACCOUNT
    EXCEED_MAX_ONE_TIME_WITHDRAW_AMOUNT
    EXCEED_MAX_CARD_INSTALLMENT_PLAN INVALID_CARD_INSTALLMENT_PLAN
    NOT_SUPPORTED_INSTALLMENT_PLAN_CARD_OR_MERCHANT
    EXCEED_MAX_MONTHLY_PAYMENT_AMOUNT REJECT_SOMETHING_NEW`),
  limit: words(`EXCEED_MAX_AUTH_COUNT EXCEED_MAX_DAILY_PAYMENT_COUNT
    EXCEED_MAX_PAYMENT_AMOUNT EXCEED_MAX_ONE_DAY_AMOUNT EXCEED_MAX_AMOUNT
    EXCEED_MAX_ONE_DAY_WITHDRAW_AMOUNT`),
  ours: words(`UNAUTHORIZED_KEY INVALID_API_KEY INCORRECT_BASIC_AUTH_FORMAT
    FORBIDDEN_REQUEST NOT_SUPPORTED_METHOD NOT_FOUND_TERMINAL_ID
    NOT_REGISTERED_BUSINESS INVALID_REQUEST
    INVALID_IDEMPOTENCY_KEY INVALID_ORDER_ID NOT_AVAILABLE_BANK
    NOT_AVAILABLE_PAYMENT MAINTAINED_METHOD CODE_FROM_NEXT_YEAR`),
};

for (const [expected, codes] of Object.entries(BY_CLASS)) {
  for (const code of codes) {
    Deno.test(`declineClass() reads ${code} as ${expected}`, () => {
      const found = declineClass(describeTossError(code, 400));
      assert.equal(found ?? "ours", expected);
    });
  }
}

// A refusal of these kinds never reaches declineClass(): the client reports the outcome as unknown.
for (
  const [status, code] of [
    [500, "FAILED_INTERNAL_SYSTEM_PROCESSING"],
    [500, "FAILED_DB_PROCESSING"],
    [500, "FAILED_CARD_COMPANY_RESPONSE"],
    [500, "FAILED_BILLING_AUTO_CANCEL"],
    [500, "REJECT_CARD_PAYMENT"],
    [400, "PROVIDER_ERROR"],
    [400, "CARD_PROCESSING_ERROR"],
    [409, "IDEMPOTENT_REQUEST_PROCESSING"],
    [429, "TOO_MANY_REQUESTS"],
    [403, "FORBIDDEN_CONSECUTIVE_REQUEST"],
  ] as const
) {
  Deno.test(`${status} ${code} is no decline`, () => {
    const body = JSON.stringify({ code, message: "안내" });
    const raw = { status, body, traceId: null };
    assert.equal(judgeAnswer(raw, z.unknown()).kind, "unknown");
    assert.equal(
      declineClass(describeTossError(code, 500)) ?? "ours",
      {
        REJECT_CARD_PAYMENT: "soft",
      }[code as string] ?? "ours",
    );
  });
}

Deno.test("DUPLICATED_ORDER_ID is no decline: the order was charged before", () => {
  const entry = describeTossError("DUPLICATED_ORDER_ID", 400);
  assert.equal(entry.class, "already_done");
  assert.equal(declineClass(entry), null);
});
