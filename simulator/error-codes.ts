// One line per documented code, because 130 object literals would hide the
// table: HTTP status, code | Korean message | English message. Where Toss's
// documentation gives no sentence for a code, the sentence is our own.
const TABLE = `
400 ALREADY_CANCELED_PAYMENT | 이미 취소된 결제 입니다. | The payment has already been canceled.
400 ALREADY_COMPLETED_PAYMENT | 이미 완료된 결제 입니다. | The payment is already complete.
400 ALREADY_PROCESSED_PAYMENT | 이미 처리된 결제 입니다. | The payment has already been processed.
400 ALREADY_REFUND_PAYMENT | 이미 환불된 결제입니다. | The payment has already been refunded.
400 ALREADY_REMOVED_BILLING_KEY | 이미 삭제된 빌링키입니다 | The billing key has already been deleted.
400 API_VERSION_UPDATE_NEEDED | API 버전을 올려야 합니다. | A newer API version is needed.
400 BELOW_MINIMUM_AMOUNT | 신용카드는 결제금액이 100원 이상, 계좌는 200원이상부터 결제가 가능합니다. | Cards need at least 100 KRW, accounts at least 200 KRW.
400 BELOW_ZERO_AMOUNT | 금액은 0보다 커야 합니다. | The amount must be above zero.
400 BILLING_KEY_NOT_FOUND | 빌링키를 찾을 수 없습니다. | The billing key does not exist.
400 CARD_PROCESSING_ERROR | 카드사에서 오류가 발생했습니다. | The card company reported an error.
400 DUPLICATED_ORDER_ID | 이미 승인 및 취소가 진행된 중복된 주문번호 입니다. 다른 주문번호로 진행해주세요. | The order id was already used; take another one.
400 DUPLICATED_REQUEST | 중복된 요청입니다. | The request is a duplicate.
400 EXCEED_CANCEL_AMOUNT_DISCOUNT_AMOUNT | 취소 금액이 할인 금액보다 작습니다. | The cancel amount conflicts with the discount.
400 EXCEED_MAX_AMOUNT | 거래금액 한도를 초과했습니다. | The amount exceeds the transaction limit.
400 EXCEED_MAX_CARD_INSTALLMENT_PLAN | 설정 가능한 최대 할부 개월 수를 초과했습니다. | Too many instalment months.
400 EXCEED_MAX_DAILY_PAYMENT_COUNT | 하루 결제 가능 횟수를 초과했습니다. | The daily number of payments is used up.
400 EXCEED_MAX_DUE_DATE | 입금 기한이 허용 범위를 넘었습니다. | The due date is too late.
400 EXCEED_MAX_MONTHLY_PAYMENT_AMOUNT | 이번 달 결제 가능 금액을 초과했습니다. | The monthly amount is used up.
400 EXCEED_MAX_ONE_DAY_WITHDRAW_AMOUNT | 하루 출금 한도를 초과했습니다. | The daily withdrawal limit is reached.
400 EXCEED_MAX_ONE_TIME_WITHDRAW_AMOUNT | 1회 출금 한도를 초과했습니다. | The limit for one withdrawal is exceeded.
400 EXCEED_MAX_PAYMENT_AMOUNT | 하루 결제 가능 금액을 초과했습니다. | The daily amount is used up.
400 EXCEED_MAX_VALID_HOURS | 입금 유효시간이 허용 범위를 넘었습니다. | The deposit period is too long.
400 FORBIDDEN_BANK_REFUND_REQUEST | 해당 은행으로 환불할 수 없습니다. | A refund to that bank is not possible.
400 INSECURE_KEY_USAGE | 브라우저에서 시크릿 키를 사용할 수 없습니다. | A secret key must not reach the browser.
400 INVALID_ACCOUNT_INFO_RE_REGISTER | 계좌를 다시 등록해주세요. | The account must be registered again.
400 INVALID_API_KEY | 잘못된 시크릿키 연동 정보 입니다. | The secret key does not belong to this payment.
400 INVALID_AUTHORIZE_AUTH | 유효하지 않은 인증 방식입니다. | The authentication method is not valid.
400 INVALID_BANK | 은행 코드가 올바르지 않습니다. | The bank is not valid.
400 INVALID_BILLING_AUTH | 빌링 인증 정보가 올바르지 않습니다. | The billing authentication is not valid.
400 INVALID_BILL_KEY_REQUEST | 빌링키 인증이 완료되지 않았거나 유효하지 않은 빌링 거래 건입니다. | The billing key is not authenticated or not valid.
400 INVALID_BIRTH_DAY_FORMAT | 생년월일 형식이 올바르지 않습니다. | The date of birth is malformed.
400 INVALID_CARD_EXPIRATION | 카드 정보를 다시 확인해주세요. (유효기간) | Check the card's expiry date.
400 INVALID_CARD_IDENTITY | 카드 소유자 정보가 일치하지 않습니다. | The card holder's identity does not match.
400 INVALID_CARD_INSTALLMENT_PLAN | 할부 개월 정보가 올바르지 않습니다. | The instalment months are not valid.
400 INVALID_CARD_LOST_OR_STOLEN | 분실 혹은 도난 카드입니다. | The card is reported lost or stolen.
400 INVALID_CARD_NUMBER | 카드번호를 다시 확인해주세요. | Check the card number.
400 INVALID_CARD_PASSWORD | 카드 비밀번호를 다시 확인해주세요. | Check the card password.
400 INVALID_DATE | 날짜 형식이 올바르지 않습니다. | The date is malformed.
400 INVALID_EMAIL | 이메일 형식이 올바르지 않습니다. | The e-mail address is malformed.
400 INVALID_IDEMPOTENCY_KEY | 멱등키는 300자 이하여야 합니다. | The idempotency key may have 300 characters at most.
400 INVALID_ORDER_ID | 주문번호가 올바르지 않습니다. | The order id is not valid.
400 INVALID_PAYMENT_KEY | 결제 키가 올바르지 않습니다. | The payment key is not valid.
400 INVALID_REFUND_ACCOUNT_INFO | 환불 계좌 정보가 일치하지 않습니다. | The refund account's details do not match.
400 INVALID_REFUND_ACCOUNT_NUMBER | 환불 계좌번호가 올바르지 않습니다. | The refund account number is not valid.
400 INVALID_REFUND_AMOUNT | 환불 금액이 올바르지 않습니다. | The refund amount is not valid.
400 INVALID_REGISTRATION_NUMBER_TYPE | 등록번호 종류가 올바르지 않습니다. | The registration number's type is not valid.
400 INVALID_REJECT_CARD | 카드 사용이 거절되었습니다. 카드사 문의가 필요합니다. | The card was refused; ask the card company.
400 INVALID_REQUEST | 잘못된 요청입니다. | The request is not valid.
400 INVALID_REQUIRED_PARAM | 필수 값이 빠졌습니다. | A required value is missing.
400 INVALID_STOPPED_CARD | 정지된 카드 입니다. | The card is suspended.
400 INVALID_TEST_CODE | 유효하지 않은 테스트 코드입니다. | The test code is not valid.
400 INVALID_UNREGISTERED_SUBMALL | 등록되지 않은 서브몰입니다. | The sub-mall is not registered.
400 INVALID_VALID_HOURS_WITH_DUE_DATE_AND_SINGLE | 유효시간과 입금 기한은 함께 쓸 수 없습니다. | Valid hours and due date exclude each other.
400 INVALID_VIRTUAL_ACCOUNT_TYPE | 가상계좌 종류가 올바르지 않습니다. | The virtual account's type is not valid.
400 MAINTAINED_METHOD | 점검 중인 결제수단입니다. | The payment method is under maintenance.
400 NOT_ALLOWED_POINT_USE | 포인트 사용이 불가한 카드로 카드 포인트 결제에 실패했습니다. | The card cannot pay with points.
400 NOT_AVAILABLE_PAYMENT | 결제가 불가능한 시간대입니다. | Payments are closed at this hour.
400 NOT_FOUND_TERMINAL_ID | 단말기 번호가 없습니다. | The merchant has no terminal id.
400 NOT_MATCHES_CUSTOMER_KEY | 빌링 인증 고객키와 결제 요청 고객키가 일치하지 않습니다. | The customer key differs from the billing key's.
400 NOT_MATCHES_REFUNDABLE_AMOUNT | 잔액 결과가 일치하지 않습니다. | The remaining balance differs.
400 NOT_REGISTERED_BUSINESS | 등록되지 않은 사업자입니다. | The business is not registered.
400 NOT_REGISTERED_CARD_COMPANY | 카드를 사용 등록 후 이용해주세요. | Register the card with its company first.
400 NOT_SUPPORTED_API_INDIVIDUAL_KEY | API 개별 연동 키는 지원하지 않습니다. | API individual keys are not supported here.
400 NOT_SUPPORTED_CARD_TYPE | 지원되지 않는 카드 종류입니다. | The card's type is not supported.
400 NOT_SUPPORTED_INSTALLMENT_PLAN_CARD_OR_MERCHANT | 할부가 지원되지 않는 카드 또는 가맹점입니다. | Instalments are not possible here.
400 NOT_SUPPORTED_METHOD | 지원되지 않는 결제수단입니다. | The payment method is not supported.
400 NOT_SUPPORTED_MONTHLY_INSTALLMENT_PLAN | 할부가 지원되지 않습니다. | Instalments are not supported.
400 NOT_SUPPORTED_MONTHLY_INSTALLMENT_PLAN_BELOW_AMOUNT | 할부는 5만원 이상부터 가능합니다. | Instalments start at 50,000 KRW.
400 NOT_SUPPORTED_WIDGET_KEY | 위젯 연동 키는 지원하지 않습니다. | Widget keys are not supported here.
400 PAY_PROCESS_ABORTED | 결제가 중단되었습니다. | The payment was aborted.
400 PAY_PROCESS_CANCELED | 결제가 사용자에 의해 취소되었습니다. | The buyer canceled the payment.
400 PROVIDER_ERROR | 일시적인 오류가 발생했습니다. 잠시 후 다시 시도해주세요. | A temporary error occurred; try again later.
400 REFUND_REJECTED | 환불이 거절되었습니다. | The refund was refused.
400 REQUIRED_ACCOUNT_KEY | 고정 가상계좌에는 계좌 키가 필요합니다. | A fixed account needs its account key.
400 RESTRICTED_TRANSFER_ACCOUNT | 이체가 제한된 계좌입니다. | Transfers from the account are restricted.
400 UNAPPROVED_ORDER_ID | 아직 승인되지 않은 주문번호입니다. | The order id is not approved yet.
401 UNAUTHORIZED_KEY | 인증되지 않은 시크릿 키 혹은 클라이언트 키 입니다. | The secret key or client key is unknown.
403 EXCEED_CANCEL_LIMIT | 취소 한도 금액을 초과 하였습니다. | The cancel limit is exceeded.
403 EXCEED_MAX_AUTH_COUNT | 인증 시도 횟수를 초과했습니다. | Too many attempts to authenticate.
403 EXCEED_MAX_ONE_DAY_AMOUNT | 하루 한도를 초과했습니다. | The daily limit is exceeded.
403 EXCEED_MAX_REFUND_AMOUNT | 환불 가능한 금액을 초과했습니다. | The amount is more than can be refunded.
403 EXCEED_MAX_REFUND_DUE | 환불 가능한 기간이 지났습니다. | The period for refunds has passed.
403 FDS_ERROR | 위험 거래로 결제가 중단되었습니다. | The risk system stopped the payment.
403 FORBIDDEN_CONSECUTIVE_REQUEST | 반복적인 요청은 허용되지 않습니다. 잠시 후 다시 시도해주세요. | Too many repeated requests; try again later.
403 FORBIDDEN_REQUEST | 허용되지 않은 요청입니다. | The request is not allowed.
403 INCORRECT_BASIC_AUTH_FORMAT | 잘못된 요청입니다. ':' 를 포함해 인코딩해주세요. | Encode the key together with ':'.
403 INVALID_PASSWORD | 결제 비밀번호가 일치하지 않습니다. | The payment password is wrong.
403 NOT_ALLOWED_PARTIAL_REFUND | 부분 환불이 불가한 결제입니다. | The payment allows no partial refund.
403 NOT_ALLOWED_PARTIAL_REFUND_WAITING_DEPOSIT | 입금 대기중인 결제는 부분 환불이 불가합니다. | No partial refund while the deposit is awaited.
403 NOT_AVAILABLE_BANK | 은행 서비스 시간이 아닙니다. | The bank is closed at this hour.
403 NOT_CANCELABLE_AMOUNT | 취소 할 수 없는 금액 입니다. | The amount cannot be canceled.
403 NOT_CANCELABLE_PAYMENT | 취소 할 수 없는 결제 입니다. | The payment cannot be canceled.
403 NOT_CANCELABLE_PAYMENT_FOR_DORMANT_USER | 휴면 회원의 결제는 취소할 수 없습니다. | A dormant user's payment cannot be canceled.
403 REJECT_ACCOUNT_PAYMENT | 잔액부족으로 결제에 실패했습니다. | The account's balance is too low.
403 REJECT_CARD_COMPANY | 결제 승인이 거절되었습니다. | The card company refused the payment.
403 REJECT_CARD_PAYMENT | 한도초과 혹은 잔액부족으로 결제에 실패했습니다. | Over the limit or balance too low.
403 REJECT_TOSSPAY_INVALID_ACCOUNT | 토스페이 계좌가 유효하지 않습니다. | The Toss Pay account is not valid.
404 NOT_FOUND | 존재하지 않는 정보 입니다. | Nothing was found.
404 NOT_FOUND_BILLING | 존재하지 않는 빌링 결제 인증 정보 입니다. | The billing authentication does not exist.
404 NOT_FOUND_HTTP_METHOD | 존재하지 않는 HTTP 메소드 접근입니다. | The route or HTTP method does not exist.
404 NOT_FOUND_MERCHANT | 존재하지 않는 상점 정보 입니다. | The merchant does not exist.
404 NOT_FOUND_PAYMENT | 존재하지 않는 결제 정보 입니다. | The payment does not exist.
404 NOT_FOUND_PAYMENT_SESSION | 결제 시간이 만료되어 결제 진행 데이터가 존재하지 않습니다. | The payment session has expired.
409 IDEMPOTENT_REQUEST_PROCESSING | 이전 멱등 요청이 처리중입니다. | The earlier request with this key is still running.
500 COMMON_ERROR | 일시적인 오류가 발생했습니다. | A temporary error occurred.
500 FAILED_BILLING_AUTO_CANCEL | 자동결제 취소에 실패했습니다. | Canceling the recurring payment failed.
500 FAILED_BILL_KEY_AUTH_CREATION | 빌링키 인증 생성에 실패했습니다. | Creating the billing authentication failed.
500 FAILED_CARD_COMPANY_RESPONSE | 카드사 응답 처리에 실패했습니다. | The card company's answer could not be used.
500 FAILED_DB_PROCESSING | 데이터 처리에 실패했습니다. | Storing the data failed.
500 FAILED_INTERNAL_SYSTEM_PROCESSING | 내부 시스템 처리 작업이 실패했습니다. 잠시 후 다시 시도해주세요. | Internal processing failed; try again later.
500 FAILED_METHOD_HANDLING_CANCEL | 결제수단의 취소 처리에 실패했습니다. | The payment method failed to cancel.
500 FAILED_PARTIAL_REFUND | 부분 환불에 실패했습니다. | The partial refund failed.
500 FAILED_PAYMENT_INTERNAL_SYSTEM_PROCESSING | 결제가 완료되지 않았어요. 다시 시도해주세요. | The payment was not completed; try again.
500 FAILED_REFUND_PROCESS | 환불 처리에 실패했습니다. | The refund failed.
500 UNKNOWN_ERROR | 알 수 없는 오류가 발생했습니다. | An unknown error occurred.
500 UNKNOWN_PAYMENT_ERROR | 결제에 실패했습니다. 다시 시도해주세요. | The payment failed; try again.
`;

/** What Toss answers for one error code. */
export interface ErrorDescription {
  code: string;
  /** HTTP status. */
  status: number;
  korean: string;
  english: string;
}

function parseLine(line: string): ErrorDescription {
  const [head = "", korean = "", english = ""] = line.split(" | ");
  const [status = "", code = ""] = head.split(" ");
  return { code, status: Number(status), korean, english };
}

/**
 * Every documented error code with its HTTP status and messages.
 * Source: Toss docs "전체 에러 목록" and the per-endpoint error tables.
 */
export const ERROR_CODES: ReadonlyMap<string, ErrorDescription> = new Map(
  TABLE.trim().split("\n").map(parseLine).map((entry) => [entry.code, entry]),
);

/**
 * Looks up a code that the simulator itself answers.
 * Throws when the table above misses it, which is a mistake in the simulator.
 */
export function describeError(code: string): ErrorDescription {
  const found = ERROR_CODES.get(code);
  if (found === undefined) throw new Error(`${code} is not a documented code`);
  return found;
}
