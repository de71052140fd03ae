import type { CatalogueEntry } from "./entry.ts";

/** Refusals that concern the buyer's card, or what was asked of it. Codes: Toss "전체 에러 목록". */
export const CARD_ERRORS: readonly CatalogueEntry[] = [
  {
    code: "REJECT_CARD_PAYMENT",
    class: "customer",
    action: "use_another_method",
    ko:
      "카드 한도를 넘었거나 잔액이 부족해 결제하지 못했어요. 다른 결제 수단을 이용해 주세요.",
    en:
      "The card has reached its limit or has too little balance. Please pay another way.",
  },
  {
    code: "REJECT_CARD_COMPANY",
    class: "customer",
    action: "use_another_method",
    ko:
      "카드사에서 결제를 승인하지 않았어요. 다른 결제 수단을 이용하거나 카드사에 문의해 주세요.",
    en:
      "The card company did not approve this payment. Please pay another way or ask your card company.",
  },
  {
    code: "INVALID_REJECT_CARD",
    class: "customer",
    action: "contact_issuer",
    ko: "이 카드는 사용이 거절되었어요. 카드사에 문의해 주세요.",
    en: "This card was refused. Please ask your card company why.",
  },
  {
    code: "INVALID_STOPPED_CARD",
    class: "customer",
    action: "use_another_method",
    ko: "사용이 정지된 카드예요. 다른 카드를 이용해 주세요.",
    en: "This card has been suspended. Please use another card.",
    hard: true,
  },
  {
    code: "INVALID_CARD_LOST_OR_STOLEN",
    class: "customer",
    action: "use_another_method",
    ko: "분실 또는 도난 신고된 카드예요. 다른 카드를 이용해 주세요.",
    en: "This card was reported lost or stolen. Please use another card.",
    hard: true,
  },
  {
    code: "INVALID_CARD_NUMBER",
    class: "customer",
    action: "fix_input",
    ko: "카드 번호가 올바르지 않아요. 번호를 확인하고 다시 입력해 주세요.",
    en: "The card number is not right. Please check it and enter it again.",
    hard: true,
  },
  {
    code: "INVALID_CARD_EXPIRATION",
    class: "customer",
    action: "fix_input",
    ko:
      "카드 유효기간이 지났거나 잘못되었어요. 확인하거나 다른 카드를 이용해 주세요.",
    en:
      "The card has expired or its expiry date is wrong. Please check it or use another card.",
    hard: true,
  },
  {
    code: "INVALID_CARD_PASSWORD",
    class: "customer",
    action: "fix_input",
    ko: "카드 비밀번호가 맞지 않아요. 확인하고 다시 입력해 주세요.",
    en: "The card password does not match. Please check it and enter it again.",
  },
  {
    code: "INVALID_CARD_IDENTITY",
    class: "customer",
    action: "fix_input",
    ko: "입력한 생년월일이나 사업자번호가 카드 명의와 달라요. 확인해 주세요.",
    en:
      "The birth date or business number does not match the card holder. Please check it.",
  },
  {
    code: "NOT_SUPPORTED_CARD_TYPE",
    class: "customer",
    action: "use_another_method",
    ko: "이 종류의 카드는 사용할 수 없어요. 다른 카드를 이용해 주세요.",
    en: "This kind of card cannot be used here. Please use another card.",
    hard: true,
  },
  {
    code: "NOT_REGISTERED_CARD_COMPANY",
    class: "customer",
    action: "contact_issuer",
    ko:
      "카드사에 사용 등록이 되지 않은 카드예요. 등록한 뒤 다시 이용해 주세요.",
    en:
      "This card is not activated yet. Please activate it with your card company first.",
  },
  {
    code: "NOT_ALLOWED_POINT_USE",
    class: "customer",
    action: "fix_input",
    ko: "이 카드는 포인트를 쓸 수 없어요. 포인트 없이 결제해 주세요.",
    en: "Points cannot be used with this card. Please pay without points.",
  },
  {
    code: "EXCEED_MAX_CARD_INSTALLMENT_PLAN",
    class: "customer",
    action: "fix_input",
    ko: "선택한 할부 개월 수가 너무 길어요. 더 짧은 기간을 골라 주세요.",
    en: "That is more instalments than allowed. Please choose a shorter plan.",
  },
  {
    code: "INVALID_CARD_INSTALLMENT_PLAN",
    class: "customer",
    action: "fix_input",
    ko: "할부 개월 수가 올바르지 않아요. 다시 골라 주세요.",
    en: "The instalment plan is not valid. Please choose another.",
  },
  {
    code: "NOT_SUPPORTED_INSTALLMENT_PLAN",
    class: "customer",
    action: "fix_input",
    ko: "이 결제에는 할부를 쓸 수 없어요. 일시불로 결제해 주세요.",
    en: "Instalments are not possible for this payment. Please pay in full.",
  },
  {
    code: "NOT_SUPPORTED_INSTALLMENT_PLAN_CARD_OR_MERCHANT",
    class: "customer",
    action: "fix_input",
    ko: "이 카드나 상점에서는 할부를 쓸 수 없어요. 일시불로 결제해 주세요.",
    en: "This card or shop does not offer instalments. Please pay in full.",
  },
  {
    code: "NOT_SUPPORTED_MONTHLY_INSTALLMENT_PLAN",
    class: "customer",
    action: "fix_input",
    ko: "할부가 되지 않는 카드예요. 일시불로 결제해 주세요.",
    en: "This card does not offer instalments. Please pay in full.",
  },
  {
    code: "NOT_SUPPORTED_MONTHLY_INSTALLMENT_PLAN_BELOW_AMOUNT",
    class: "customer",
    action: "fix_input",
    ko: "5만 원보다 적은 금액은 할부가 되지 않아요. 일시불로 결제해 주세요.",
    en: "Instalments start at 50,000 won. Please pay in full.",
  },
  {
    code: "CARD_PROCESSING_ERROR",
    class: "unknown",
    action: "retry_later",
    ko:
      "카드사 시스템에 문제가 있어 결과를 확인하고 있어요. 잠시만 기다려 주세요.",
    en:
      "The card company had a problem and we are checking the result. Please wait a moment.",
  },
  {
    code: "FDS_ERROR",
    class: "customer",
    action: "use_another_method",
    ko:
      "안전을 위해 이 결제가 중단되었어요. 다른 결제 수단을 이용하거나 고객센터에 문의해 주세요.",
    en:
      "This payment was stopped as a safety measure. Please pay another way or contact us.",
  },
];
