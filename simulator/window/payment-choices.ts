/** A text in the two languages that the windows speak. */
export interface Words {
  ko: string;
  en: string;
}

/** The languages of the windows and the widget. */
export type Locale = keyof Words;

/** A card company as the windows offer it: its code, and the SDK's name for it. */
export interface CardChoice extends Words {
  code: string;
  /** Source: Toss SDK v2 types, `WidgetsPaymentMethodCode`. */
  sdk: string;
}

function card(code: string, sdk: string, ko: string, en: string): CardChoice {
  return { code, sdk, ko, en };
}

/** The card companies, the ones that most buyers have first. */
export const CARD_CHOICES: readonly CardChoice[] = [
  card("41", "SHINHAN", "신한", "Shinhan"),
  card("51", "SAMSUNG", "삼성", "Samsung"),
  card("61", "HYUNDAI", "현대", "Hyundai"),
  card("11", "KOOKMIN", "KB국민", "KB Kookmin"),
  card("71", "LOTTE", "롯데", "Lotte"),
  card("21", "HANA", "하나", "Hana"),
  card("W1", "WOORI", "우리", "Woori"),
  card("91", "NONGHYEOP", "NH농협", "NH"),
  card("31", "BC", "BC", "BC"),
  card("15", "KAKAOBANK", "카카오뱅크", "KakaoBank"),
  card("24", "TOSSBANK", "토스뱅크", "Toss Bank"),
  card("3A", "KBANK", "케이뱅크", "K bank"),
  card("3K", "IBK_BC", "IBK기업", "IBK"),
  card("36", "CITI", "씨티", "Citi"),
  card("34", "SUHYEOP", "수협", "Suhyup"),
  card("46", "GWANGJUBANK", "광주", "Gwangju"),
  card("35", "JEONBUKBANK", "전북", "Jeonbuk"),
  card("42", "JEJUBANK", "제주", "Jeju"),
  card("62", "SHINHYEOP", "신협", "Shinhyup"),
  card("38", "SAEMAUL", "새마을", "MG"),
  card("37", "POST", "우체국", "Korea Post"),
  card("39", "SAVINGBANK", "저축", "Savings"),
  card("30", "KDBBANK", "산업", "KDB"),
];

/** How many card companies show before 더보기. */
export const SHOWN_CARDS = 8;

/** An easy pay service; `provider` is its name in answers. */
export interface EasyPayChoice extends Words {
  code: string;
  provider: string;
}

/** The easy pay services. Source: Toss docs, codes page, and SDK v2 types. */
export const EASY_PAY_CHOICES: readonly EasyPayChoice[] = [
  { code: "TOSSPAY", provider: "토스페이", ko: "토스페이", en: "Toss Pay" },
  {
    code: "NAVERPAY",
    provider: "네이버페이",
    ko: "네이버페이",
    en: "Naver Pay",
  },
  {
    code: "KAKAOPAY",
    provider: "카카오페이",
    ko: "카카오페이",
    en: "Kakao Pay",
  },
  { code: "PAYCO", provider: "페이코", ko: "페이코", en: "Payco" },
  {
    code: "SAMSUNGPAY",
    provider: "삼성페이",
    ko: "삼성페이",
    en: "Samsung Pay",
  },
  { code: "APPLEPAY", provider: "애플페이", ko: "애플페이", en: "Apple Pay" },
];

/** The other methods that the widget offers, as the SDK names them. */
export const METHOD_CHOICES: readonly (Words & { code: string })[] = [
  { code: "CARD", ko: "신용·체크카드", en: "Card" },
  { code: "TRANSFER", ko: "퀵계좌이체", en: "Bank transfer" },
  { code: "VIRTUAL_ACCOUNT", ko: "가상계좌", en: "Virtual account" },
  { code: "MOBILE_PHONE", ko: "휴대폰", en: "Mobile phone" },
];

/** Toss docs, card payments: 할부는 5만원 이상. */
export const INSTALMENTS_FROM = 50_000;

/** The instalment plans of a card; 0 = at once. */
export const INSTALMENT_MONTHS = [0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

/** What an instalment plan is called. */
export function instalmentWords(months: number): Words {
  return months === 0
    ? { ko: "일시불", en: "Pay at once" }
    : { ko: `${months}개월 할부`, en: `${months} months` };
}

/** The card company of a code, of a Korean name or of the SDK's name for it. */
export function findCardChoice(name: string): CardChoice | undefined {
  return CARD_CHOICES.find(({ code, sdk, ko }) =>
    [code, sdk, ko, ko.replace(/^(KB|NH|IBK)/, "")].includes(name)
  );
}

/** The easy pay service of an SDK code or of its name in answers. */
export function findEasyPay(name: string): EasyPayChoice | undefined {
  return EASY_PAY_CHOICES.find(({ code, provider }) =>
    code === name || provider === name
  );
}
