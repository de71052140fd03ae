import type { CatalogueEntry } from "./entry.ts";

/** Answers after which nobody knows yet whether the request took effect, and answers that ask to slow down. Codes: Toss "전체 에러 목록". */
export const SYSTEM_ERRORS: readonly CatalogueEntry[] = [
  {
    code: "PROVIDER_ERROR",
    class: "unknown",
    action: "retry_later",
    ko: "결제 기관에 일시적인 문제가 있어 결과를 확인하고 있어요.",
    en:
      "The payment provider had a passing problem; we are checking the result.",
  },
  {
    code: "IDEMPOTENT_REQUEST_PROCESSING",
    class: "unknown",
    action: "retry_later",
    ko: "같은 결제를 처리하고 있어요. 잠시만 기다려 주세요.",
    en: "The same payment is being processed. Please wait a moment.",
  },
  {
    code: "FAILED_PAYMENT_INTERNAL_SYSTEM_PROCESSING",
    class: "unknown",
    action: "retry_later",
    ko: "결제 결과를 확인하고 있어요. 잠시만 기다려 주세요.",
    en: "We are checking the result of your payment. Please wait a moment.",
  },
  {
    code: "FAILED_INTERNAL_SYSTEM_PROCESSING",
    class: "unknown",
    action: "retry_later",
    ko: "결제 결과를 확인하고 있어요. 잠시만 기다려 주세요.",
    en: "We are checking the result of your payment. Please wait a moment.",
  },
  {
    code: "FAILED_DB_PROCESSING",
    class: "unknown",
    action: "retry_later",
    ko: "결제 결과를 확인하고 있어요. 잠시만 기다려 주세요.",
    en: "We are checking the result of your payment. Please wait a moment.",
  },
  {
    code: "UNKNOWN_PAYMENT_ERROR",
    class: "unknown",
    action: "retry_later",
    ko: "결제 결과를 확인하고 있어요. 잠시만 기다려 주세요.",
    en: "We are checking the result of your payment. Please wait a moment.",
  },
  {
    code: "UNKNOWN_ERROR",
    class: "unknown",
    action: "retry_later",
    ko: "결제 결과를 확인하고 있어요. 잠시만 기다려 주세요.",
    en: "We are checking the result of your payment. Please wait a moment.",
  },
  {
    code: "COMMON_ERROR",
    class: "unknown",
    action: "retry_later",
    ko: "결제 결과를 확인하고 있어요. 잠시만 기다려 주세요.",
    en: "We are checking the result of your payment. Please wait a moment.",
  },
  {
    code: "FORBIDDEN_CONSECUTIVE_REQUEST",
    class: "later",
    action: "retry_later",
    ko: "요청이 너무 잦아요. 잠시 후 다시 시도해 주세요.",
    en: "That was too many requests in a row. Please try again shortly.",
  },
];
