/** `card.cardType` of the Payment and Billing objects. */
export const CARD_TYPES = ["신용", "체크", "기프트", "미확인"] as const;

/** `card.ownerType` of the Payment and Billing objects. */
export const OWNER_TYPES = ["개인", "법인", "미확인"] as const;

/** What Toss tells about a card beside its number. */
export interface CardDetails {
  /** One of `CARD_COMPANIES`. */
  issuerCode: string;
  acquirerCode: string;
  cardType: typeof CARD_TYPES[number];
  ownerType: typeof OWNER_TYPES[number];
}

/** The number of a card that nobody chose: a third party measured success with it; Toss publishes none. */
export const DEFAULT_CARD_NUMBER = "9410001234567890";

/** What a card is when nobody chose. */
export const DEFAULT_CARD: CardDetails = {
  issuerCode: "11",
  acquirerCode: "11",
  cardType: "신용",
  ownerType: "개인",
};

/** The names of the Korean card companies by code. Source: Toss docs, codes page. */
export const CARD_COMPANIES: ReadonlyMap<string, string> = new Map([
  ["11", "국민"],
  ["15", "카카오뱅크"],
  ["21", "하나"],
  ["24", "토스뱅크"],
  ["30", "산업"],
  ["31", "BC"],
  ["33", "우리(BC)"],
  ["34", "수협"],
  ["35", "전북"],
  ["36", "씨티"],
  ["37", "우체국"],
  ["38", "새마을"],
  ["39", "저축"],
  ["3A", "케이뱅크"],
  ["3K", "기업비씨"],
  ["41", "신한"],
  ["42", "제주"],
  ["46", "광주"],
  ["51", "삼성"],
  ["61", "현대"],
  ["62", "신협"],
  ["71", "롯데"],
  ["91", "농협"],
  ["W1", "우리"],
]);

/** Hides the middle and the last digit of a card number, as Toss's answers do. */
export function maskCardNumber(cardNumber: string): string {
  return `${cardNumber.slice(0, 8)}****${cardNumber.slice(12, 15)}*`;
}
