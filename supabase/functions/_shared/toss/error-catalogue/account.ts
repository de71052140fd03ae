import type { CatalogueEntry } from "./entry.ts";

/** Refusals that concern a bank account, a payment password or a wallet. Codes: Toss "전체 에러 목록". */
export const ACCOUNT_ERRORS: readonly CatalogueEntry[] = [
  {
    code: "REJECT_ACCOUNT_PAYMENT",
    class: "customer",
    action: "use_another_method",
    ko:
      "계좌 잔액이 부족해 결제하지 못했어요. 잔액을 채우거나 다른 결제 수단을 이용해 주세요.",
    en:
      "The account has too little balance. Please top it up or pay another way.",
  },
  {
    code: "REJECT_TOSSPAY_INVALID_ACCOUNT",
    class: "customer",
    action: "use_another_method",
    ko:
      "토스페이에 연결된 계좌를 쓸 수 없어요. 다른 계좌나 결제 수단을 골라 주세요.",
    en:
      "The account linked to Toss Pay cannot be used. Please choose another one.",
  },
  {
    code: "RESTRICTED_TRANSFER_ACCOUNT",
    class: "customer",
    action: "use_another_method",
    ko:
      "새로 만들었거나 이체가 제한된 계좌예요. 다른 결제 수단을 이용해 주세요.",
    en: "Transfers from this account are restricted. Please pay another way.",
  },
  {
    code: "INVALID_ACCOUNT_INFO_RE_REGISTER",
    class: "customer",
    action: "use_another_method",
    ko:
      "계좌를 다시 등록해야 해요. 등록을 마치거나 다른 결제 수단을 이용해 주세요.",
    en:
      "The account must be registered again. Please do so or pay another way.",
    hard: true,
  },
  {
    code: "INVALID_PASSWORD",
    class: "customer",
    action: "fix_input",
    ko: "결제 비밀번호가 맞지 않아요. 확인하고 다시 입력해 주세요.",
    en: "The payment password does not match. Please check it and try again.",
  },
  {
    code: "INVALID_AUTHORIZE_AUTH",
    class: "customer",
    action: "start_over",
    ko: "본인 인증을 확인하지 못했어요. 결제를 처음부터 다시 진행해 주세요.",
    en:
      "We could not confirm your identity check. Please start the payment again.",
  },
  {
    code: "NOT_AVAILABLE_BANK",
    class: "later",
    action: "retry_later",
    ko:
      "지금은 은행 점검 시간이에요. 나중에 다시 하거나 다른 결제 수단을 이용해 주세요.",
    en:
      "The bank is closed for service right now. Please try later or pay another way.",
  },
  {
    code: "NOT_AVAILABLE_PAYMENT",
    class: "later",
    action: "retry_later",
    ko: "지금은 결제할 수 없는 시간이에요. 나중에 다시 시도해 주세요.",
    en: "Payments are not possible at this hour. Please try again later.",
  },
  {
    code: "MAINTAINED_METHOD",
    class: "later",
    action: "retry_later",
    ko:
      "이 결제 수단은 점검 중이에요. 나중에 다시 하거나 다른 수단을 이용해 주세요.",
    en:
      "This payment method is under maintenance. Please try later or use another one.",
  },
];
