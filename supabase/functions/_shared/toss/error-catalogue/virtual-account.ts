import type { CatalogueEntry } from "./entry.ts";

/** Refusals to issue a virtual account. Codes: Toss "전체 에러 목록". */
export const VIRTUAL_ACCOUNT_ERRORS: readonly CatalogueEntry[] = [
  {
    code: "INVALID_DATE",
    class: "request",
    action: "fix_input",
    ko: "날짜가 올바르지 않아요. 다시 확인해 주세요.",
    en: "The date is not valid. Please check it.",
  },
  {
    code: "EXCEED_MAX_DUE_DATE",
    class: "request",
    action: "fix_input",
    ko: "입금 기한이 너무 길어요. 더 이른 날을 골라 주세요.",
    en: "The deposit deadline is too far away. Please choose an earlier one.",
  },
  {
    code: "EXCEED_MAX_VALID_HOURS",
    class: "request",
    action: "fix_input",
    ko: "입금 가능 시간이 너무 길어요. 더 짧게 정해 주세요.",
    en: "The time for the deposit is too long. Please choose a shorter one.",
  },
  {
    code: "INVALID_VALID_HOURS_WITH_DUE_DATE_AND_SINGLE",
    class: "request",
    action: "contact_support",
    ko: "입금 기한 설정이 올바르지 않아요. 고객센터에 문의해 주세요.",
    en: "The deposit deadline is set wrongly. Please contact us.",
  },
  {
    code: "INVALID_REGISTRATION_NUMBER_TYPE",
    class: "customer",
    action: "fix_input",
    ko: "현금영수증 번호의 종류가 맞지 않아요. 확인해 주세요.",
    en: "The cash receipt number is of the wrong kind. Please check it.",
  },
  {
    code: "REQUIRED_ACCOUNT_KEY",
    class: "request",
    action: "contact_support",
    ko: "가상계좌 설정이 빠졌어요. 고객센터에 문의해 주세요.",
    en: "The virtual account set-up is incomplete. Please contact us.",
  },
  {
    code: "INVALID_VIRTUAL_ACCOUNT_TYPE",
    class: "request",
    action: "contact_support",
    ko: "가상계좌 종류가 올바르지 않아요. 고객센터에 문의해 주세요.",
    en: "The kind of virtual account is not valid. Please contact us.",
  },
];
