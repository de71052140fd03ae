import type { CatalogueEntry } from "./entry.ts";

/** Answers about the payment itself: its existence, its session, its state. Codes: Toss "전체 에러 목록". */
export const PAYMENT_ERRORS: readonly CatalogueEntry[] = [
  {
    code: "ALREADY_PROCESSED_PAYMENT",
    class: "already_done",
    action: "none",
    ko: "이미 처리된 결제예요. 결제 내역을 확인해 주세요.",
    en:
      "This payment was already processed. Please look at your payment history.",
  },
  {
    code: "ALREADY_COMPLETED_PAYMENT",
    class: "already_done",
    action: "none",
    ko: "이미 완료된 결제예요. 결제 내역을 확인해 주세요.",
    en:
      "This payment is already complete. Please look at your payment history.",
  },
  {
    code: "DUPLICATED_ORDER_ID",
    class: "already_done",
    action: "none",
    ko: "이미 결제된 주문이에요. 주문 내역을 확인해 주세요.",
    en: "This order was already paid for. Please look at your orders.",
  },
  {
    code: "DUPLICATED_REQUEST",
    class: "already_done",
    action: "none",
    ko: "같은 요청이 이미 처리되었어요. 결제 내역을 확인해 주세요.",
    en:
      "The same request was already handled. Please look at your payment history.",
  },
  {
    code: "NOT_FOUND_PAYMENT",
    class: "not_found",
    action: "start_over",
    ko: "결제 정보를 찾을 수 없어요. 결제를 처음부터 다시 진행해 주세요.",
    en: "We could not find this payment. Please start again.",
  },
  {
    code: "NOT_FOUND",
    class: "not_found",
    action: "contact_support",
    ko: "요청한 정보를 찾을 수 없어요. 고객센터에 문의해 주세요.",
    en: "What was asked for does not exist. Please contact us.",
  },
  {
    code: "NOT_FOUND_PAYMENT_SESSION",
    class: "session_expired",
    action: "start_over",
    ko: "결제 시간이 지났어요. 결제를 처음부터 다시 진행해 주세요.",
    en: "The time for this payment has run out. Please start again.",
  },
  {
    code: "EXPIRED_PAYMENT",
    class: "session_expired",
    action: "start_over",
    ko: "결제가 만료되었어요. 결제를 처음부터 다시 진행해 주세요.",
    en: "This payment has expired. Please start again.",
  },
  {
    code: "UNAPPROVED_ORDER_ID",
    class: "request",
    action: "start_over",
    ko: "아직 승인되지 않은 주문이에요. 결제를 처음부터 다시 진행해 주세요.",
    en: "This order has not been approved. Please start the payment again.",
  },
  {
    code: "INVALID_PAYMENT_KEY",
    class: "request",
    action: "start_over",
    ko: "결제 정보가 올바르지 않아요. 결제를 처음부터 다시 진행해 주세요.",
    en: "The payment reference is not valid. Please start again.",
  },
  {
    code: "INVALID_ORDER_ID",
    class: "request",
    action: "contact_support",
    ko: "주문 번호가 올바르지 않아요. 고객센터에 문의해 주세요.",
    en: "The order number is not valid. Please contact us.",
  },
  {
    code: "PAY_PROCESS_CANCELED",
    class: "customer",
    action: "retry",
    ko: "결제를 취소하셨어요. 원하시면 다시 결제할 수 있어요.",
    en: "You cancelled the payment. You can pay again whenever you like.",
  },
  {
    code: "PAY_PROCESS_ABORTED",
    class: "customer",
    action: "retry",
    ko:
      "결제가 중간에 멈췄어요. 다시 시도하거나 다른 결제 수단을 이용해 주세요.",
    en: "The payment stopped on the way. Please try again or pay another way.",
  },
  {
    code: "USER_CANCEL",
    class: "customer",
    action: "retry",
    ko: "결제 창을 닫으셨어요. 원하시면 다시 결제할 수 있어요.",
    en: "You closed the payment window. You can pay again whenever you like.",
  },
  {
    code: "NOT_SUPPORTED_PROMISE",
    class: "configuration",
    action: "contact_support",
    ko: "이 기기에서는 결제 창을 열 수 없어요. 고객센터에 문의해 주세요.",
    en: "The payment window cannot open on this device. Please contact us.",
  },
];
