import type { ErrorCode } from "../../supabase/functions/_shared/http/error-codes.ts";
import type { Text } from "./language.ts";

/** When each code comes: what `docs/errors.md` says beside its status and texts. */
export const ERROR_CASES: Readonly<Record<ErrorCode, Text>> = {
  invalid_request: {
    en: "a field is wrong, missing or unknown; `details` names it",
    ko: "필드가 잘못되었거나 없거나 모르는 필드. `details`에 이름이 있음",
  },
  invalid_json: {
    en: "the body is not JSON",
    ko: "본문이 JSON이 아님",
  },
  cart_empty: {
    en: "`items` is empty, or the shop's own catalogue says so",
    ko: "`items`가 비어 있거나, 상점의 카탈로그가 비었다고 답함",
  },
  unauthorized: {
    en: "the credential is missing, wrong or expired",
    ko: "인증 정보가 없거나 틀리거나 만료됨",
  },
  invalid_signature: {
    en: "a webhook's signature is wrong or missing",
    ko: "웹훅 서명이 틀리거나 없음",
  },
  payment_confirm_failed: {
    en:
      "Toss refused the payment, the account or the charge; `tossCode` says why. Without one a charge could not be made in time, and nothing was charged",
    ko:
      "토스가 결제, 계좌 발급, 청구를 거절함. 이유는 `tossCode`. 없으면 제때 청구하지 못한 것이고 청구된 금액은 없음",
  },
  billing_issue_failed: {
    en: "Toss refused the registration, or gave no proof in time",
    ko: "토스가 등록을 거절했거나 제때 확인되지 않음",
  },
  cancel_failed: {
    en: "Toss refused the refund; `tossCode` says why",
    ko: "토스가 환불을 거절함. 이유는 `tossCode`",
  },
  cash_receipt_failed: {
    en:
      "Toss or the tax office refused the receipt or its cancel; `tossCode` says why",
    ko:
      "토스나 국세청이 현금영수증의 발급이나 취소를 거절함. 이유는 `tossCode`",
  },
  forbidden: {
    en: "the caller is known and may not do this",
    ko: "누구인지는 확인되었지만 권한이 없음",
  },
  ip_not_allowed: {
    en: "a webhook from another address than `WEBHOOK_ALLOWED_IPS`",
    ko: "`WEBHOOK_ALLOWED_IPS`에 없는 IP에서 온 웹훅",
  },
  not_found: {
    en: "no such path below the function",
    ko: "함수 아래에 없는 경로",
  },
  order_not_found: {
    en: "no such order, or not this caller's",
    ko: "주문이 없거나 호출자의 주문이 아님",
  },
  payment_not_found: {
    en: "Toss knows no such payment of this order, or nothing was paid yet",
    ko: "토스에 이 주문의 결제가 없거나 아직 결제되지 않음",
  },
  subscription_not_found: {
    en: "no such subscription of this user",
    ko: "이 사용자의 구독이 아님",
  },
  billing_method_not_found: {
    en: "no such registered card of this user",
    ko: "이 사용자가 등록한 결제 수단이 아님",
  },
  product_not_found: {
    en: "not sold, or not any more",
    ko: "판매하지 않거나 판매가 끝난 상품",
  },
  plan_not_found: {
    en: "no such active plan",
    ko: "판매 중인 요금제가 아님",
  },
  cash_receipt_not_found: {
    en: "the order has no cash receipt of which anything is left",
    ko: "주문에 취소할 현금영수증이 남아 있지 않음",
  },
  withdrawal_not_found: {
    en: "no withdrawal with this id",
    ko: "이 id의 청약철회 요청이 없음",
  },
  nothing_to_withdraw: {
    en: "not paid, paid back already, or nothing was to be paid",
    ko: "결제되지 않았거나, 이미 환불되었거나, 결제할 금액이 없던 주문",
  },
  withdrawal_excluded: {
    en: "no line of the order can be given back; `details.products` names them",
    ko: "주문의 모든 상품이 청약철회 제외. `details.products`에 상품이 있음",
  },
  withdrawal_decided: {
    en: "the other decision was made before; `details.status` says which",
    ko: "이미 다른 결정이 있음. `details.status`가 알려 줌",
  },
  endpoint_not_found: {
    en: "no such webhook endpoint",
    ko: "웹훅 엔드포인트가 없음",
  },
  difference_not_found: {
    en: "no difference of the reconciliation with this id",
    ko: "이 id의 대사 차이가 없음",
  },
  method_not_allowed: {
    en: "see the `allow` header",
    ko: "`allow` 헤더 참고",
  },
  insufficient_stock: {
    en: "`details` has `productId` and `available`",
    ko: "`details`에 `productId`, `available`이 있음",
  },
  payment_already_confirmed: {
    en: "another payment pays this order",
    ko: "다른 결제로 이미 결제된 주문",
  },
  operation_in_progress: {
    en:
      "another payment of this order, or a charge of this subscription, is at Toss",
    ko: "이 주문의 다른 결제나 이 구독의 청구를 토스가 처리하는 중",
  },
  reference_conflict: {
    en:
      "an order with this `reference` is there already, with other lines, adjustments, `userId`, `orderName` or `metadata`; `details.orderId` names it",
    ko:
      "같은 `reference`의 주문이 다른 품목, 조정 항목, `userId`, `orderName`, `metadata`로 이미 있음. `details.orderId`가 그 주문",
  },
  already_subscribed: {
    en:
      "the user has a live subscription to this plan or to one of its group; `details.subscriptionId` names it",
    ko:
      "이미 구독 중인 요금제이거나 같은 그룹의 요금제. `details.subscriptionId`가 그 구독",
  },
  consent_not_open: {
    en:
      "the request for consent is outside its window, was replaced or charged with, is another subscription's, or its link was used or has expired",
    ko:
      "동의 요청이 기간 밖이거나, 새 요청으로 바뀌었거나, 이미 청구에 쓰였거나, 다른 구독의 것이거나, 링크를 이미 썼거나 만료됨",
  },
  payment_expired: {
    en:
      "the order or the payment ran out of time, or 20 confirms of the order were refused",
    ko: "주문이나 결제의 시간이 지났거나, 주문의 승인이 20번 거절됨",
  },
  payload_too_large: {
    en: "more than 16 KiB; for `checkout` 64, for `webhook` 32",
    ko: "16 KiB 초과. `checkout`은 64, `webhook`은 32",
  },
  payment_amount_mismatch: {
    en:
      "`amount` is not the order's, or a plan changed after `billing-issue/prepare` (`details` has what it costs now); Toss was not asked",
    ko:
      "`amount`가 주문 금액과 다르거나, `billing-issue/prepare` 뒤에 요금제가 바뀜(지금 내용은 `details`). 토스에 묻지 않음",
  },
  customer_key_mismatch: {
    en: "the registration belongs to another user",
    ko: "다른 사용자의 등록 정보",
  },
  cancel_amount_exceeds_balance: {
    en: "less is left than the refund asks for",
    ko: "남은 금액보다 많은 환불",
  },
  cash_receipt_exists: {
    en:
      "the order has a cash receipt, also one that Toss issued with the payment",
    ko: "주문에 이미 현금영수증이 있음. 토스가 결제와 함께 발급한 것도 포함",
  },
  not_a_cash_payment: {
    en:
      "nothing is left of the order that was paid by bank transfer or into a virtual account",
    ko: "계좌이체나 가상계좌로 결제되어 남아 있는 금액이 없음",
  },
  refund_account_required: {
    en: "a deposit goes back to an account, and none was given",
    ko: "입금된 가상계좌의 환불인데 받을 계좌가 없음",
  },
  url_not_allowed: {
    en:
      "an endpoint's `url` is not https, or leads to a private, local or reserved address; `details` says which",
    ko:
      "엔드포인트의 `url`이 https가 아니거나 사설, 로컬, 예약된 주소로 이어짐. 이유는 `details`",
  },
  partial_refund_not_possible: {
    en:
      "a part of a payment that Toss gives back as a whole or not at all: one under [escrow](virtual-accounts.md#escrow), or what Toss itself refused (`tossCode`)",
    ko:
      "일부만 돌려줄 수 없는 결제: [에스크로](virtual-accounts.ko.md#에스크로) 결제이거나 토스가 거절함(`tossCode`)",
  },
  too_many_attempts: {
    en:
      "a [limit for attempts](subscriptions.md#a-limit-for-attempts): registrations, changes of card and `retry_payment` of this user, or payments and authKeys unknown to Toss from this network; the header `retry-after` says in how many seconds the next one may be made",
    ko:
      "[시도 제한](subscriptions.ko.md#시도-제한): 이 사용자의 카드 등록, 카드 변경, `retry_payment`가 많거나, 이 네트워크에서 토스가 모르는 결제와 authKey가 많이 옴. 몇 초 뒤에 다시 할 수 있는지는 `retry-after` 헤더에 있음",
  },
  not_configured: {
    en: "a variable is missing or wrong (`details`), or Toss refuses our key",
    ko: "환경 변수가 없거나 잘못됨(`details`), 또는 토스가 상점의 키를 거부함",
  },
  internal_error: {
    en: "our mistake; search the log for `requestId`",
    ko: "서버 내부 오류. `requestId`로 로그 검색",
  },
  payment_provider_error: { en: "reserved", ko: "예약된 코드" },
  storage_unavailable: {
    en: "the database or Auth did not answer; send the same request again",
    ko: "DB나 Auth가 응답하지 않음. 같은 요청을 다시 보내면 됨",
  },
};
