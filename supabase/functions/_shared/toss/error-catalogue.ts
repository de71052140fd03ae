import { ACCOUNT_ERRORS } from "./error-catalogue/account.ts";
import { BILLING_ERRORS } from "./error-catalogue/billing.ts";
import { CANCEL_ERRORS } from "./error-catalogue/cancel.ts";
import { CARD_ERRORS } from "./error-catalogue/card.ts";
import { CONFIGURATION_ERRORS } from "./error-catalogue/configuration.ts";
import type { CatalogueEntry } from "./error-catalogue/entry.ts";
import { LIMIT_ERRORS } from "./error-catalogue/limit.ts";
import { PAYMENT_ERRORS } from "./error-catalogue/payment.ts";
import { SYSTEM_ERRORS } from "./error-catalogue/system.ts";
import { VIRTUAL_ACCOUNT_ERRORS } from "./error-catalogue/virtual-account.ts";

export type {
  CatalogueEntry,
  SuggestedAction,
  TossErrorClass,
} from "./error-catalogue/entry.ts";

/** Every error code that Toss documents and this product can meet. */
export const ERROR_CATALOGUE: readonly CatalogueEntry[] = [
  ...CARD_ERRORS,
  ...LIMIT_ERRORS,
  ...ACCOUNT_ERRORS,
  ...PAYMENT_ERRORS,
  ...CANCEL_ERRORS,
  ...BILLING_ERRORS,
  ...VIRTUAL_ACCOUNT_ERRORS,
  ...CONFIGURATION_ERRORS,
  ...SYSTEM_ERRORS,
];

const ENTRIES = new Map(ERROR_CATALOGUE.map((entry) => [entry.code, entry]));

type Fallback = Omit<CatalogueEntry, "code">;

const OUTCOME_UNKNOWN: Fallback = {
  class: "unknown",
  action: "retry_later",
  ko: "결제 결과를 확인하고 있어요. 잠시만 기다려 주세요.",
  en: "We are checking the result of your payment. Please wait a moment.",
};

const TOO_MANY_REQUESTS: Fallback = {
  class: "later",
  action: "retry_later",
  ko: "요청이 너무 많아요. 잠시 후 다시 시도해 주세요.",
  en: "There are too many requests right now. Please try again shortly.",
};

const DECLINED: Fallback = {
  class: "customer",
  action: "use_another_method",
  ko: "결제가 거절되었어요. 다른 결제 수단을 이용해 주세요.",
  en: "The payment was declined. Please pay another way.",
};

const NOT_POSSIBLE: Fallback = {
  class: "request",
  action: "contact_support",
  ko: "결제를 완료하지 못했어요. 계속되면 고객센터에 문의해 주세요.",
  en: "The payment could not be completed. If this continues, contact us.",
};

const DECLINE_PREFIX = /^(?:REJECT_|EXCEED_MAX_|INVALID_CARD_)/;

/**
 * Describes a Toss error code, known or not.
 *
 * Toss adds codes without a version bump ("버전 정책"), so an unknown code is
 * judged by what it came with: 5xx and 409 leave the outcome unknown, 429 asks
 * to wait, the prefixes that Toss uses for declines are declines, and anything
 * else is a `request` for support, because a decline guessed wrongly would
 * spend a customer's dunning attempts on our own mistake.
 *
 * A guess chooses words and, once Toss's record has proven that nothing
 * happened, the next step. It proves nothing: that is what `proofs.ts` is for.
 *
 * @param code Toss's `code`; may be untrusted text from a redirect.
 * @param status the HTTP status it came with; absent for redirects.
 */
export function describeTossError(
  code: string,
  status?: number,
): CatalogueEntry {
  return ENTRIES.get(code) ?? { code, ...fallback(code, status) };
}

function fallback(code: string, status?: number): Fallback {
  if (status === 429) return TOO_MANY_REQUESTS;
  if (status === 409) return OUTCOME_UNKNOWN;
  if (status !== undefined && status >= 500) return OUTCOME_UNKNOWN;
  return DECLINE_PREFIX.test(code) ? DECLINED : NOT_POSSIBLE;
}
