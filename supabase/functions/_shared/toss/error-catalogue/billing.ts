import type { CatalogueEntry } from "./entry.ts";

/** Refusals that concern a billing key: its issue or a charge with it. Codes: Toss "전체 에러 목록". */
export const BILLING_ERRORS: readonly CatalogueEntry[] = [
  {
    code: "ALREADY_REMOVED_BILLING_KEY",
    class: "customer",
    action: "use_another_method",
    ko: "등록한 결제 수단이 삭제되었어요. 다시 등록해 주세요.",
    en: "The stored payment method was removed. Please register one again.",
    hard: true,
  },
  {
    code: "BILLING_KEY_NOT_FOUND",
    class: "not_found",
    action: "use_another_method",
    ko: "등록된 결제 수단을 찾을 수 없어요. 다시 등록해 주세요.",
    en: "The stored payment method does not exist. Please register one again.",
    hard: true,
  },
  {
    code: "NOT_FOUND_BILLING",
    class: "not_found",
    action: "start_over",
    ko: "결제 수단 인증 정보를 찾을 수 없어요. 처음부터 다시 등록해 주세요.",
    en:
      "We could not find this registration. Please register the payment method again.",
    hard: true,
  },
  {
    code: "INVALID_BILL_KEY_REQUEST",
    class: "customer",
    action: "use_another_method",
    ko: "등록한 결제 수단을 더는 쓸 수 없어요. 다시 등록해 주세요.",
    en:
      "The stored payment method is no longer valid. Please register one again.",
    hard: true,
  },
  {
    code: "INVALID_BILLING_AUTH",
    class: "customer",
    action: "start_over",
    ko: "결제 수단 인증이 올바르지 않아요. 처음부터 다시 등록해 주세요.",
    en:
      "The registration could not be verified. Please register the payment method again.",
  },
  {
    code: "NOT_MATCHES_CUSTOMER_KEY",
    class: "request",
    action: "start_over",
    ko: "결제 수단이 이 계정의 것이 아니에요. 다시 등록해 주세요.",
    en:
      "The stored payment method belongs to another customer. Please register one again.",
    hard: true,
  },
  {
    code: "INVALID_BIRTH_DAY_FORMAT",
    class: "customer",
    action: "fix_input",
    ko: "생년월일은 여섯 자리 숫자로 입력해 주세요.",
    en: "Please enter the birth date as six digits.",
  },
  {
    code: "INVALID_EMAIL",
    class: "customer",
    action: "fix_input",
    ko: "이메일 주소가 올바르지 않아요. 확인해 주세요.",
    en: "The e-mail address is not valid. Please check it.",
  },
  {
    code: "FAILED_BILL_KEY_AUTH_CREATION",
    class: "unknown",
    action: "retry_later",
    ko: "결제 수단 등록 결과를 확인하지 못했어요. 잠시 후 다시 시도해 주세요.",
    en:
      "We do not know yet whether the payment method was registered. Please try again shortly.",
  },
  {
    code: "FAILED_CARD_COMPANY_RESPONSE",
    class: "unknown",
    action: "retry_later",
    ko: "카드사 응답을 받지 못해 결과를 확인하고 있어요.",
    en: "The card company did not answer; we are checking the result.",
  },
  {
    code: "FAILED_BILLING_AUTO_CANCEL",
    class: "unknown",
    action: "retry_later",
    ko: "자동결제 결과를 확인하고 있어요. 잠시만 기다려 주세요.",
    en:
      "We are checking the result of the recurring payment. Please wait a moment.",
  },
];
