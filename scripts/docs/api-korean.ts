/** What a route is, in Korean; the English stands with the operation. */
interface KoreanRoute {
  summary: string;
  description: string;
  /** By status; those of errors are codes. */
  answers: Readonly<Record<string, string>>;
}

const REDIRECTED = "브라우저가 상점의 페이지로 이동합니다.";

/** Every route of the API document in Korean. */
export const KOREAN_ROUTES: Readonly<Record<string, KoreanRoute>> = {
  "POST /checkout": {
    summary: "주문 생성",
    description:
      "서버가 상품의 금액을 정하고 재고를 잡은 뒤 결제창에 필요한 값을 응답합니다. `planId`는 그 요금제의 기간만큼 쓰는 일회성 이용권이며 로그인이 필요합니다. secret 키로 호출하면 상점의 서버가 품목, 조정 항목, 가격을 정하며, `reference` 하나에는 주문 하나만 생깁니다.",
    answers: {
      200: "이 `reference`로 이미 있는 주문입니다.",
      201: "주문이 결제를 기다립니다. 0원이면 바로 `paid`입니다.",
    },
  },
  "POST /confirm": {
    summary: "결제 승인",
    description:
      "구매자가 결제창에서 인증한 결제를 승인합니다. 세 값이 증거이며, 금액이 주문과 다르면 토스에 묻기 전에 거절합니다. 다시 보내도 같은 응답입니다.",
    answers: {
      200: "승인되었거나 입금을 기다립니다.",
      202:
        "토스의 응답을 아직 모릅니다. `retry-after`초 뒤에 다시 물으세요. 두 번 승인되지 않습니다.",
    },
  },
  "GET /confirm": {
    summary: "성공 리다이렉트에서 승인",
    description:
      "결제창의 성공 URL입니다. 승인한 뒤 `orderId`, `status`와 함께 성공 페이지로, 또는 `code`, `message`, `action`, `orderId`와 토스가 거절했다면 `tossCode`까지 함께 실패 페이지로 보냅니다. 거절을 오류 본문으로 응답하지 않습니다.",
    answers: { 303: REDIRECTED },
  },
  "POST /virtual-account": {
    summary: "가상계좌 발급",
    description:
      "결제를 기다리는 주문에 구매자가 이체할 전용 계좌를 줍니다. 다시 보내면 같은 계좌를 응답합니다.",
    answers: {
      201: "주문이 입금을 기다립니다.",
      202:
        "토스의 응답을 아직 모릅니다. 다시 물으세요. 계좌가 두 개 발급되지 않습니다.",
    },
  },
  "POST /cancel": {
    summary: "결제 취소와 환불",
    description:
      "`orderId`나 `paymentKey`로 결제의 전부 또는 일부를 취소합니다. `requestId`는 호출자의 멱등 토큰입니다. 다시 보내면 더 취소하지 않고 같은 응답을 받습니다. 사용자는 입금을 기다리는 본인 주문만, 비회원(publishable 키)은 결제되지 않은 본인 주문만 `orderId`로 취소할 수 있습니다. 주문 금액인 `amount`는 비회원만 보냅니다. `refundReceiveAccount`는 입금된 가상계좌에만, 그리고 반드시 필요합니다.",
    answers: {
      200:
        "취소되었습니다. `canceledAmount`는 지금까지 취소한 금액 전부, `cancels`는 결제의 취소 내역 전체입니다.",
      202:
        "토스의 응답을 아직 모릅니다. 같은 `requestId`로 다시 보내세요. 두 번 취소되지 않습니다.",
    },
  },
  "POST /cash-receipt": {
    summary: "현금영수증 발급",
    description:
      "계좌이체나 가상계좌로 결제된 주문의 남은 금액에 현금영수증을 발급합니다. 사용자는 본인 주문에만 요청합니다. `requestId`는 호출자의 멱등 토큰입니다. 다시 보내면 더 발급하지 않고 같은 응답을 받습니다. 주문 하나에 현금영수증은 하나이며, 토스가 결제와 함께 발급한 것도 포함됩니다.",
    answers: {
      201:
        "발급되었습니다. 국세청이 처리할 때까지 `IN_PROGRESS`이며, 끝나면 이벤트 `cash_receipt.issued`가 알립니다.",
      202:
        "토스의 응답을 아직 모릅니다. 같은 `requestId`로 다시 보내세요. 두 번 처리되지 않습니다.",
    },
  },
  "DELETE /cash-receipt": {
    summary: "현금영수증 취소",
    description:
      "주문의 현금영수증을 남은 금액 전부 또는 `amount`만큼 취소합니다. 환불할 때는 호출할 필요가 없습니다. 결제에서 환불된 금액은 현금영수증에서도 취소됩니다.",
    answers: {
      200: "취소되었습니다. `amount`는 취소한 금액입니다.",
      202:
        "토스의 응답을 아직 모릅니다. 같은 `requestId`로 다시 보내세요. 두 번 처리되지 않습니다.",
    },
  },
  "POST /withdrawal": {
    summary: "청약철회",
    description:
      "사용자는 본인 주문의 청약철회를, 상점은 모든 주문의 청약철회를 요청합니다. `requestId`는 호출자가 정하는 멱등 토큰입니다. `action`으로 상점이 결정합니다. `accept`는 남은 금액 전부(또는 `cancelAmount`)를 환불하고, `refuse`는 거절하며, `mark_used`는 `excluded_after_use` 상품이 사용되었음을 기록합니다. `refundReceiveAccount`는 입금된 가상계좌에 필요합니다. [withdrawals.ko.md](withdrawals.ko.md).",
    answers: {
      200:
        "결정. `accept`면 `cancel`이 응답하는 것과 같은 환불, `mark_used`면 상품 목록, 요청이면 이미 접수된 이 주문의 요청.",
      201: "접수되었습니다. `dueAt`은 서울 기준 3영업일.",
      202:
        "받아들였지만 환불에 대한 토스의 응답을 아직 모릅니다. 다시 `accept`를 보내 확인하세요. 두 번 환불되지 않습니다.",
    },
  },
  "POST /billing-issue/prepare": {
    summary: "카드나 계좌 등록 준비",
    description:
      "로그인한 사용자의 등록창(SDK의 `requestBillingAuth`)을 여는 데 필요한 값입니다. 카드를 묻기 전에 요금제를 확인합니다. `method`는 등록할 것입니다. `CARD`(기본값), 또는 은행 계좌인 `TRANSFER`이며 계좌는 토스와의 계약에 있어야 합니다. `successUrl`에는 30분 동안 유효한 서명된 state가 있습니다.",
    answers: { 200: "`requestBillingAuth`에 넘길 값." },
  },
  "POST /billing-issue": {
    summary: "카드나 계좌 등록과 구독",
    description:
      "등록창의 `authKey`로 결제 수단을 만듭니다. `planId`가 있으면 구독합니다. 첫 기간을 바로 청구하거나 체험을 시작합니다. 다시 보내면 같은 응답이고 두 번 청구하지 않습니다. 첫 청구가 거절되면 `payment_confirm_failed`의 `details`에 등록은 된 결제 수단과 요금제가 있습니다. `POST subscription`의 `subscribe`로 다시 등록하지 않고 한 번 더 시도하세요. `prepare` 뒤에 가격, 주기, 체험이 바뀐 요금제는 `payment_amount_mismatch`이고 지금의 조건이 `details`에 있으며, 청구된 금액은 없습니다. `prepare`를 다시 불러 보여 주고 같은 `authKey`를 쓰면 됩니다.",
    answers: {
      201: "등록되었습니다. `planId`가 있으면 구독도 시작되었습니다.",
      202:
        "토스의 응답을 아직 모릅니다. 다시 물으세요. `billingMethodId`가 있으면 결제 수단은 등록되었고 첫 청구가 진행 중입니다.",
    },
  },
  "GET /billing-issue": {
    summary: "성공 리다이렉트에서 등록",
    description:
      "등록창의 성공 URL입니다. 서명된 `state`가 누구의 등록인지 증명합니다. POST와 같은 일을 한 뒤 `status`, `planId`, `billingMethodId`, `subscriptionId`와 함께 성공 페이지로, 또는 `code`, `message`, `action`, `planId`와 함께 실패 페이지로 보냅니다. 카드가 등록되었다면 `billingMethodId`, 토스가 거절했다면 `tossCode`, 그사이 요금제가 바뀌었다면 `amount`도 붙습니다. 거절을 오류 본문으로 응답하지 않습니다.",
    answers: { 303: REDIRECTED },
  },
  "DELETE /billing-issue": {
    summary: "결제 수단 삭제",
    description:
      "본인의 결제 수단을 바로 쓰지 못하게 하고 토스의 키를 지웁니다. 토스가 지금 지울 수 없으면 나중에 지웁니다. 다시 보내도 같은 응답입니다.",
    answers: { 200: "더는 청구되지 않습니다." },
  },
  "POST /subscription": {
    summary: "구독 변경",
    description:
      "사용자는 본인의 구독을, 상점은 모든 구독을 바꿉니다. `cancel_at_period_end`와 `resume`은 해지를 예약하고 되돌립니다. `cancel_now`는 구독을 끝내며, 상점만 쓸 수 있는 `refund` `prorated`를 붙이면 남은 기간의 결제 취소와 환불. `change_plan`에는 `planId`, `change_method`에는 `billingMethodId`가 필요하고, `retry_payment`는 거절된 금액을 청구하며, `consent`와 `decline_consent`는 `consentId`의 동의 요청에 답합니다. 지금 상태에서 할 수 없는 것은 `invalid_request`입니다. `subscribe`는 `subscriptionId` 없이 이미 등록된 카드로 구독을 시작합니다. 첫 청구가 거절된 뒤의 다음 시도입니다. `billing-issue/prepare`로 보여 준 뒤에 바뀐 요금제는 `payment_amount_mismatch`이고 지금의 조건이 함께 옵니다.",
    answers: {
      200: "구독.",
      201:
        "`subscribe`: 구독이 시작되었습니다. 첫 기간이 결제되었거나 체험이 시작되었습니다.",
      202:
        "청구나 환불에 대한 토스의 응답을 아직 모릅니다. 다시 물으세요. 두 번 청구되거나 환불되지 않습니다.",
    },
  },
  "GET /subscription/consent": {
    summary: "동의 요청 보기",
    description:
      "알림의 링크가 묻는 내용입니다. 날짜, 두 가격, 결제 수단, 각 답의 결과. 메일 검사기가 링크를 열어 보므로 아무것도 바꾸지 않습니다. 이 프로젝트의 토큰이 아니면 `consent_not_open`입니다.",
    answers: { 200: "동의 요청." },
  },
  "POST /subscription/consent": {
    summary: "링크로 동의 요청에 답하기",
    description:
      "알림의 링크를 가진 사람이 동의(`consent`)하거나 거절(`decline_consent`)합니다. 그 날까지 한 번만 쓸 수 있고, 그 뒤나 새 요청으로 바뀐 뒤에는 `consent_not_open`입니다. 로그인하면 답을 다시 바꿀 수 있습니다.",
    answers: { 200: "결정된 동의 요청." },
  },
  "POST /billing-charge": {
    summary: "청구",
    description:
      "청구할 때가 된 전부에서 한 몫, 구독 하나(`subscriptionId`), 또는 구독 밖의 금액 하나(`userId`, `amount`, `orderName`, `requestId`)를 청구합니다. 구독 밖의 청구는 같은 `requestId`로 다시 보내도 더 청구하지 않으며, `AD_HOC_CHARGES=on`이 아니면 `forbidden`입니다. pg_cron이 매분 호출합니다. 반복되거나 겹치거나 끊겨도 안전합니다. `dryRun`은 청구할 것을 알려 줄 뿐 아무것도 쓰지 않고, `asOf`는 테스트 키에서만 됩니다.",
    answers: {
      200:
        "한 일. `remaining`은 청구할 때가 되었지만 남은 것, `unknown`은 토스의 응답을 아직 모르는 것입니다.",
    },
  },
  "POST /webhook": {
    summary: "토스의 이벤트 수신",
    description:
      "토스만 호출합니다. 이벤트를 저장하고 200으로 응답합니다. 본문은 알림일 뿐이고 사실은 토스에 묻습니다. 이 버전이 모르는 종류의 이벤트까지 모든 JSON 본문을 받습니다.",
    answers: { 200: "저장되었습니다." },
  },
  "POST /operator": {
    summary: "운영자의 물음",
    description:
      "`order`는 주문 하나의 이야기를 `toss order --json`과 같은 모양으로 답합니다. `id`는 orderId, paymentKey, 구독 id, 상점의 reference입니다. 토스에 지금 다시 물어보고, 아무것도 바꾸지 않습니다. `search`는 id, reference, 이메일 주소로 주문과 구독을 찾습니다. `replay_event`는 토스의 웹훅을 다시 처리하고, `replay_delivery`는 이벤트를 엔드포인트로 다시 보냅니다. `settle_difference`는 사람이 처리한 대사 차이를 닫습니다. [operator.ko.md](operator.ko.md).",
    answers: {
      200:
        "이야기(`next`는 다음에 할 일이고, 할 일이 없으면 null), 찾은 것, 다시 넣은 수, 또는 대사 차이의 처리 결과.",
    },
  },
  "POST /webhook-endpoints": {
    summary: "이벤트를 받을 주소",
    description:
      "`create`로 상점이 이벤트를 받을 주소를 만들고 나머지로 바꿉니다. `secret`은 만들 때와 `rotate` 때 한 번만 보여 줍니다. `rotate` 뒤 24시간 동안은 이전 것으로도 서명합니다. `test`는 `webhook.test`를 보냅니다. [events.ko.md](events.ko.md).",
    answers: {
      200: "엔드포인트. `rotate`면 새 `secret`도 있습니다.",
      201: "만들어진 엔드포인트와 `secret`.",
    },
  },
  "POST /worker": {
    summary: "밀린 일 처리",
    description:
      "pg_cron이 매분 호출합니다. 반복되거나 겹치거나 끊겨도 안전합니다. `asOf`는 테스트 키에서만 됩니다.",
    answers: {
      200: "한 일의 이름별 건수. `remaining`은 때가 되었지만 남은 일입니다.",
    },
  },
  "GET /health": {
    summary: "상태 확인",
    description:
      "키가 없으면 함수가 동작하고 설정되었는지만 알려 줍니다. secret 키면 대기 중인 일, 알림, 작업, 불변식 위반, 비밀 값을 뺀 설정까지 알려 줍니다. CRON_SECRET을 보내면 `caller`에 표시됩니다.",
    answers: { 200: "프로젝트의 상태." },
  },
};

/** What the schemas say of fields, in Korean. */
export const KOREAN_FIELDS: Readonly<Record<string, string>> = {
  "Minor unit of the currency; KRW: won": "통화의 최소 단위. KRW는 원",
  "Masked": "가려짐",
  "Of a card": "카드일 때",
  "Of an account": "계좌일 때",
  "There when the order does not wait for its payment: one of nothing, or a known one.":
    "결제를 기다리지 않는 주문에만 있음: 0원 주문이나 이미 있는 주문",
  "the order; of a subscription its last one, null while it has none":
    "주문. 구독이면 마지막 주문이고, 아직 없으면 null",
  "in the currency's minor unit": "통화의 최소 단위",
  "as the database has them": "데이터베이스에 있는 그대로",
  "what Toss says now; null when it knows no payment or could not be asked, which the timeline says":
    "토스가 지금 말하는 것. 토스가 결제를 모르거나 물을 수 없었으면 null이고, 어느 쪽인지는 timeline에 있음",
  "runs as pasted, with the variables of `toss status`":
    "`toss status`의 변수만 있으면 붙여 넣은 그대로 실행됨",
  "the next step; null when nothing is to be done":
    "다음에 할 일. 할 일이 없으면 null",
  "ISO 8601, time of Seoul": "ISO 8601, 서울 시간",
  "the oldest first; the last line is how it stands":
    "오래된 것부터. 마지막 줄이 지금의 결론",
  "ISO 8601 with offset": "오프셋이 있는 ISO 8601",
  "For a charge by `userId`": "`userId`로 청구할 때",
  "For a `dryRun`": "`dryRun`일 때",
};
