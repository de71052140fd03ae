import type { CatalogueEntry } from "./entry.ts";

/** Refusals of a cancellation or refund. Codes: Toss "전체 에러 목록". */
export const CANCEL_ERRORS: readonly CatalogueEntry[] = [
  {
    code: "ALREADY_CANCELED_PAYMENT",
    class: "already_done",
    action: "none",
    ko: "이미 취소된 결제예요.",
    en: "This payment was already cancelled.",
  },
  {
    code: "ALREADY_REFUND_PAYMENT",
    class: "already_done",
    action: "none",
    ko: "이미 환불된 결제예요.",
    en: "This payment was already refunded.",
  },
  {
    code: "NOT_CANCELABLE_AMOUNT",
    class: "already_done",
    action: "fix_input",
    ko:
      "취소할 수 있는 금액보다 많거나 남은 금액이 없어요. 남은 금액을 확인해 주세요.",
    en:
      "The amount is above what is left to cancel. Please check the remaining amount.",
  },
  {
    code: "NOT_CANCELABLE_PAYMENT",
    class: "request",
    action: "contact_support",
    ko: "취소할 수 없는 결제예요. 고객센터에 문의해 주세요.",
    en: "This payment cannot be cancelled. Please contact us.",
  },
  {
    code: "NOT_CANCELABLE_PAYMENT_FOR_DORMANT_USER",
    class: "request",
    action: "contact_support",
    ko:
      "휴면 상태인 사용자의 결제라 취소할 수 없어요. 고객센터에 문의해 주세요.",
    en:
      "The payer's account is dormant, so this cannot be cancelled. Please contact us.",
  },
  {
    code: "NOT_MATCHES_REFUNDABLE_AMOUNT",
    class: "request",
    action: "retry",
    ko: "그 사이 남은 금액이 바뀌었어요. 확인한 뒤 다시 시도해 주세요.",
    en:
      "The remaining amount has changed meanwhile. Please check it and try again.",
  },
  {
    code: "NOT_ALLOWED_PARTIAL_REFUND",
    class: "request",
    action: "contact_support",
    ko: "이 결제는 일부만 환불할 수 없어요. 고객센터에 문의해 주세요.",
    en: "This payment cannot be refunded in part. Please contact us.",
  },
  {
    code: "NOT_ALLOWED_PARTIAL_REFUND_WAITING_DEPOSIT",
    class: "request",
    action: "fix_input",
    ko: "입금 전에는 전체 금액만 취소할 수 있어요.",
    en: "Before the deposit only the whole amount can be cancelled.",
  },
  {
    code: "EXCEED_CANCEL_AMOUNT_DISCOUNT_AMOUNT",
    class: "request",
    action: "fix_input",
    ko: "즉시 할인 금액보다 적게는 취소할 수 없어요. 금액을 확인해 주세요.",
    en: "The amount conflicts with the instant discount. Please check it.",
  },
  {
    code: "EXCEED_CANCEL_LIMIT",
    class: "request",
    action: "contact_support",
    ko: "지금 취소할 수 있는 한도를 넘었어요. 고객센터에 문의해 주세요.",
    en: "The shop's limit for cancellations is used up. Please contact us.",
  },
  {
    code: "EXCEED_MAX_REFUND_DUE",
    class: "request",
    action: "contact_support",
    ko: "환불할 수 있는 기간이 지났어요. 고객센터에 문의해 주세요.",
    en: "The period for a refund is over. Please contact us.",
  },
  {
    code: "EXCEED_MAX_REFUND_AMOUNT",
    class: "request",
    action: "fix_input",
    ko: "환불할 수 있는 금액을 넘었어요. 금액을 확인해 주세요.",
    en: "The amount is above what can be refunded. Please check it.",
  },
  {
    code: "INVALID_REFUND_AMOUNT",
    class: "request",
    action: "fix_input",
    ko: "환불 금액이 올바르지 않아요. 금액을 확인해 주세요.",
    en: "The refund amount is not valid. Please check it.",
  },
  {
    code: "INVALID_REFUND_ACCOUNT_INFO",
    class: "customer",
    action: "fix_input",
    ko:
      "환불받을 계좌 정보가 맞지 않아요. 은행, 계좌번호, 예금주를 확인해 주세요.",
    en:
      "The refund account does not match. Please check bank, number and holder.",
  },
  {
    code: "INVALID_REFUND_ACCOUNT_NUMBER",
    class: "customer",
    action: "fix_input",
    ko: "환불받을 계좌번호가 올바르지 않아요. 다시 확인해 주세요.",
    en: "The refund account number is not valid. Please check it.",
  },
  {
    code: "INVALID_BANK",
    class: "customer",
    action: "fix_input",
    ko: "은행을 확인해 주세요.",
    en: "Please check the bank you chose.",
  },
  {
    code: "FORBIDDEN_BANK_REFUND_REQUEST",
    class: "customer",
    action: "fix_input",
    ko: "이 계좌로는 환불할 수 없어요. 다른 계좌를 입력해 주세요.",
    en:
      "Refunds to this account are not possible. Please give another account.",
  },
  {
    code: "REFUND_REJECTED",
    class: "request",
    action: "contact_support",
    ko: "환불이 거절되었어요. 고객센터에 문의해 주세요.",
    en: "The refund was refused. Please contact us.",
  },
  {
    code: "FAILED_REFUND_PROCESS",
    class: "unknown",
    action: "retry_later",
    ko: "은행 응답이 늦어 환불 결과를 확인하고 있어요.",
    en: "The bank has not answered clearly; we are checking the refund.",
  },
  {
    code: "FAILED_METHOD_HANDLING_CANCEL",
    class: "unknown",
    action: "retry_later",
    ko: "취소 결과를 확인하고 있어요. 잠시만 기다려 주세요.",
    en:
      "We are checking whether the cancellation went through. Please wait a moment.",
  },
  {
    code: "FAILED_PARTIAL_REFUND",
    class: "unknown",
    action: "retry_later",
    ko: "일부 환불 결과를 확인하고 있어요. 잠시만 기다려 주세요.",
    en:
      "We are checking whether the partial refund went through. Please wait a moment.",
  },
];
