import type { CatalogueEntry } from "./entry.ts";

/** Refusals because the buyer has reached a limit of a card or account. Codes: Toss "전체 에러 목록". */
export const LIMIT_ERRORS: readonly CatalogueEntry[] = [
  {
    code: "EXCEED_MAX_DAILY_PAYMENT_COUNT",
    class: "customer",
    action: "use_another_method",
    ko:
      "오늘 결제할 수 있는 횟수를 다 썼어요. 내일 다시 하거나 다른 결제 수단을 이용해 주세요.",
    en:
      "You have reached the number of payments for today. Please try tomorrow or pay another way.",
    limit: true,
  },
  {
    code: "EXCEED_MAX_PAYMENT_AMOUNT",
    class: "customer",
    action: "use_another_method",
    ko:
      "오늘 결제할 수 있는 금액을 넘었어요. 내일 다시 하거나 다른 결제 수단을 이용해 주세요.",
    en:
      "You have reached the amount allowed for today. Please try tomorrow or pay another way.",
    limit: true,
  },
  {
    code: "EXCEED_MAX_ONE_DAY_AMOUNT",
    class: "customer",
    action: "use_another_method",
    ko:
      "하루 한도를 넘었어요. 내일 다시 하거나 다른 결제 수단을 이용해 주세요.",
    en: "The daily limit is used up. Please try tomorrow or pay another way.",
    limit: true,
  },
  {
    code: "EXCEED_MAX_ONE_DAY_WITHDRAW_AMOUNT",
    class: "customer",
    action: "use_another_method",
    ko:
      "계좌의 하루 출금 한도를 넘었어요. 내일 다시 하거나 다른 결제 수단을 이용해 주세요.",
    en:
      "The daily withdrawal limit of the account is used up. Please try tomorrow or pay another way.",
    limit: true,
  },
  {
    code: "EXCEED_MAX_ONE_TIME_WITHDRAW_AMOUNT",
    class: "customer",
    action: "use_another_method",
    ko:
      "계좌의 1회 출금 한도보다 큰 금액이에요. 다른 결제 수단을 이용해 주세요.",
    en:
      "The amount is above what the account allows at once. Please pay another way.",
  },
  {
    code: "EXCEED_MAX_MONTHLY_PAYMENT_AMOUNT",
    class: "customer",
    action: "use_another_method",
    ko: "이번 달 결제 한도를 넘었어요. 다른 결제 수단을 이용해 주세요.",
    en: "The monthly limit is used up. Please pay another way.",
  },
  {
    code: "EXCEED_MAX_AMOUNT",
    class: "customer",
    action: "use_another_method",
    ko: "결제 금액이 거래 한도를 넘었어요. 다른 결제 수단을 이용해 주세요.",
    en: "The amount is above the transaction limit. Please pay another way.",
    limit: true,
  },
  {
    code: "EXCEED_MAX_AUTH_COUNT",
    class: "customer",
    action: "use_another_method",
    ko:
      "인증 시도 횟수를 넘었어요. 내일 다시 하거나 다른 결제 수단을 이용해 주세요.",
    en:
      "Too many authentication attempts. Please try tomorrow or pay another way.",
    limit: true,
  },
  {
    code: "BELOW_MINIMUM_AMOUNT",
    class: "request",
    action: "use_another_method",
    ko: "카드는 100원, 계좌는 200원부터 결제할 수 있어요.",
    en: "Cards start at 100 won and bank accounts at 200 won.",
    // Nothing under 100 won is charged here, so that it is an account which can never pay this price.
    hard: true,
  },
  {
    code: "BELOW_ZERO_AMOUNT",
    class: "request",
    action: "contact_support",
    ko: "결제 금액이 올바르지 않아요. 고객센터에 문의해 주세요.",
    en: "The amount of this payment is not valid. Please contact us.",
  },
];
