/** What the product answers when it refuses, by code; texts for end users in Korean and English. */

/** What a frontend should do next, as fixed in the API. */
export type ErrorAction =
  | "retry"
  | "retry_later"
  | "use_another_method"
  | "fix_input"
  | "start_over"
  | "contact_issuer"
  | "contact_support"
  | "none";

interface ErrorDescription {
  status: number;
  retryable: boolean;
  action: ErrorAction;
  ko: string;
  en: string;
}

function describe(
  status: number,
  action: ErrorAction,
  ko: string,
  en: string,
): ErrorDescription {
  const retryable = action === "retry" || action === "retry_later";
  return { status, retryable, action, ko, en };
}

const CHECK_INPUT = [
  "입력한 내용을 다시 확인해 주세요.",
  "Please check what you entered.",
] as const;
const SUPPORT = [
  "문제가 생겼어요. 고객센터에 문의해 주세요.",
  "Something went wrong. Please contact support.",
] as const;
const TRY_LATER = [
  "지금은 처리할 수 없어요. 잠시 후 다시 시도해 주세요.",
  "This is not possible right now. Please try again in a moment.",
] as const;
const NOT_FOUND_ORDER = [
  "주문을 찾을 수 없어요. 처음부터 다시 진행해 주세요.",
  "We could not find this order. Please start again.",
] as const;

/** Every error code of the API: HTTP status, whether the same request may be repeated, action, texts. */
export const ERROR_CODES = {
  invalid_request: describe(400, "fix_input", ...CHECK_INPUT),
  invalid_json: describe(400, "fix_input", ...CHECK_INPUT),
  cart_empty: describe(
    400,
    "fix_input",
    "장바구니가 비어 있어요.",
    "Your cart is empty.",
  ),
  unauthorized: describe(
    401,
    "none",
    "로그인이 필요해요.",
    "Please sign in.",
  ),
  invalid_signature: describe(401, "none", ...SUPPORT),
  payment_confirm_failed: describe(
    402,
    "use_another_method",
    "결제가 승인되지 않았어요. 다른 결제 수단으로 다시 시도해 주세요.",
    "The payment was not approved. Please try another payment method.",
  ),
  cancel_failed: describe(
    402,
    "contact_support",
    "환불이 처리되지 않았어요. 고객센터에 문의해 주세요.",
    "The refund was not made. Please contact support.",
  ),
  cash_receipt_failed: describe(
    402,
    "fix_input",
    "현금영수증을 처리하지 못했어요. 번호를 확인해 주세요.",
    "The cash receipt was not made. Please check the number.",
  ),
  billing_issue_failed: describe(
    402,
    "start_over",
    "결제 수단을 등록하지 못했어요. 다시 등록해 주세요.",
    "The payment method could not be registered. Please register it again.",
  ),
  forbidden: describe(
    403,
    "none",
    "권한이 없어요.",
    "You may not do this.",
  ),
  ip_not_allowed: describe(403, "none", ...SUPPORT),
  not_found: describe(
    404,
    "none",
    "찾을 수 없는 주소예요.",
    "There is nothing at this address.",
  ),
  order_not_found: describe(404, "start_over", ...NOT_FOUND_ORDER),
  payment_not_found: describe(
    404,
    "start_over",
    "결제 정보를 찾을 수 없어요. 결제를 다시 진행해 주세요.",
    "We could not find this payment. Please pay again.",
  ),
  product_not_found: describe(
    404,
    "fix_input",
    "판매하지 않는 상품이 있어요. 장바구니를 확인해 주세요.",
    "An item is no longer sold. Please check your cart.",
  ),
  plan_not_found: describe(
    404,
    "fix_input",
    "선택한 요금제를 찾을 수 없어요.",
    "We could not find this plan.",
  ),
  subscription_not_found: describe(
    404,
    "none",
    "구독을 찾을 수 없어요.",
    "We could not find this subscription.",
  ),
  billing_method_not_found: describe(
    404,
    "use_another_method",
    "등록된 결제 수단을 찾을 수 없어요. 결제 수단을 등록해 주세요.",
    "We could not find this payment method. Please register one.",
  ),
  cash_receipt_not_found: describe(
    404,
    "none",
    "취소할 현금영수증이 없어요.",
    "There is no cash receipt to cancel.",
  ),
  withdrawal_not_found: describe(
    404,
    "fix_input",
    "청약철회 요청을 찾을 수 없어요.",
    "We could not find this withdrawal.",
  ),
  endpoint_not_found: describe(
    404,
    "fix_input",
    "웹훅 주소를 찾을 수 없어요.",
    "We could not find this webhook endpoint.",
  ),
  difference_not_found: describe(
    404,
    "fix_input",
    "대사 차이를 찾을 수 없어요.",
    "We could not find this difference.",
  ),
  method_not_allowed: describe(405, "none", ...SUPPORT),
  insufficient_stock: describe(
    409,
    "fix_input",
    "재고가 부족해요. 수량을 줄여 주세요.",
    "There is not enough stock. Please lower the quantity.",
  ),
  payment_already_confirmed: describe(
    409,
    "none",
    "이미 결제가 완료된 주문이에요.",
    "This order has already been paid.",
  ),
  operation_in_progress: describe(
    409,
    "retry_later",
    "이 주문의 결제를 확인하고 있어요. 잠시 후 다시 확인해 주세요.",
    "Another payment of this order is being checked. Please look again in a moment.",
  ),
  reference_conflict: describe(
    409,
    "start_over",
    "이미 다른 내용으로 접수된 주문이에요. 처음부터 다시 진행해 주세요.",
    "This order was placed already with other contents. Please start again.",
  ),
  cash_receipt_exists: describe(
    409,
    "none",
    "이미 현금영수증이 발급된 주문이에요.",
    "A cash receipt was issued for this order already.",
  ),
  nothing_to_withdraw: describe(
    409,
    "none",
    "돌려드릴 금액이 없는 주문이에요.",
    "There is nothing to give back for this order.",
  ),
  withdrawal_excluded: describe(
    409,
    "contact_support",
    "청약철회를 할 수 없는 상품이에요. 궁금한 점은 고객센터에 문의해 주세요.",
    "What you bought cannot be returned. Please contact support with any question.",
  ),
  withdrawal_decided: describe(
    409,
    "none",
    "이미 처리된 청약철회 요청이에요.",
    "This withdrawal has been decided already.",
  ),
  already_subscribed: describe(
    409,
    "none",
    "이미 구독 중인 요금제예요.",
    "You are already subscribed to this plan.",
  ),
  consent_not_open: describe(
    409,
    "none",
    "지금은 동의 여부를 정할 수 없어요. 구독 화면에서 확인해 주세요.",
    "This cannot be decided now. Please look at your subscription.",
  ),
  payment_expired: describe(
    410,
    "start_over",
    "결제 가능 시간이 지났어요. 처음부터 다시 진행해 주세요.",
    "The time to pay has passed. Please start again.",
  ),
  payload_too_large: describe(413, "fix_input", ...CHECK_INPUT),
  payment_amount_mismatch: describe(
    422,
    "start_over",
    "결제 금액이 주문 금액과 달라요. 처음부터 다시 진행해 주세요.",
    "The amount differs from the order. Please start again.",
  ),
  cancel_amount_exceeds_balance: describe(
    422,
    "fix_input",
    "취소할 수 있는 금액을 넘었어요. 남은 금액을 확인해 주세요.",
    "The amount is above what is left to cancel. Please check it.",
  ),
  refund_account_required: describe(
    422,
    "fix_input",
    "환불받을 계좌를 입력해 주세요.",
    "Please enter the account that is to receive the refund.",
  ),
  not_a_cash_payment: describe(
    422,
    "none",
    "현금영수증을 발급할 수 있는 결제가 아니에요.",
    "There is no cash payment that a receipt could be issued for.",
  ),
  partial_refund_not_possible: describe(
    422,
    "fix_input",
    "이 결제는 일부만 환불할 수 없어요. 전액 환불만 할 수 있어요.",
    "This payment cannot be refunded in part, only as a whole.",
  ),
  customer_key_mismatch: describe(
    422,
    "start_over",
    "결제 수단 등록 정보가 이 계정과 달라요. 처음부터 다시 등록해 주세요.",
    "This registration belongs to another account. Please register the payment method again.",
  ),
  url_not_allowed: describe(
    422,
    "fix_input",
    "이 주소로는 보낼 수 없어요. 공개된 https 주소인지 확인해 주세요.",
    "Nothing can be sent to this address. Please check that it is a public https address.",
  ),
  too_many_attempts: describe(
    429,
    "retry_later",
    "시도 횟수가 너무 많아요. 잠시 후 다시 시도해 주세요.",
    "There were too many attempts. Please try again later.",
  ),
  not_configured: describe(500, "contact_support", ...SUPPORT),
  internal_error: describe(500, "contact_support", ...SUPPORT),
  payment_provider_error: describe(502, "retry_later", ...TRY_LATER),
  storage_unavailable: describe(503, "retry", ...TRY_LATER),
} as const satisfies Record<string, ErrorDescription>;

/** A code of {@link ERROR_CODES}. */
export type ErrorCode = keyof typeof ERROR_CODES;
