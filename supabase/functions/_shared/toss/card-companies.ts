import { type Bank, organisationCode } from "./banks.ts";

/**
 * Card companies, with Toss's code and the names they go by, the usual one first. Until 2022-11-16 an answer carried
 * the name alone. Source: Toss "기관 코드", 카드사.
 */
export const CARD_COMPANIES: readonly Bank[] = [
  { code: "11", names: ["국민", "KB국민", "Kookmin"] },
  { code: "15", names: ["카카오뱅크", "카카오", "KakaoBank"] },
  { code: "21", names: ["하나", "하나외환", "외환", "Hana"] },
  { code: "24", names: ["토스뱅크", "토스", "Toss Bank"] },
  { code: "30", names: ["산업", "KDB산업", "KDB"] },
  { code: "31", names: ["BC", "비씨"] },
  { code: "33", names: ["우리(BC)", "우리BC", "우리비씨"] },
  { code: "34", names: ["수협", "Sh수협", "Suhyup"] },
  { code: "35", names: ["전북", "Jeonbuk"] },
  { code: "36", names: ["씨티", "한국씨티", "Citi"] },
  { code: "37", names: ["우체국", "우체국예금보험", "Post"] },
  { code: "38", names: ["새마을", "새마을금고", "MG"] },
  { code: "39", names: ["저축", "저축은행중앙회"] },
  { code: "3A", names: ["케이뱅크", "K Bank"] },
  { code: "3C", names: ["유니온페이", "UnionPay"] },
  { code: "3K", names: ["기업비씨", "기업BC", "IBK비씨"] },
  { code: "41", names: ["신한", "Shinhan"] },
  { code: "42", names: ["제주", "Jeju"] },
  { code: "46", names: ["광주", "Gwangju"] },
  { code: "4J", names: ["JCB"] },
  { code: "4M", names: ["마스터", "Master", "Mastercard"] },
  { code: "4V", names: ["비자", "VISA"] },
  { code: "51", names: ["삼성", "Samsung"] },
  { code: "61", names: ["현대", "Hyundai"] },
  { code: "62", names: ["신협", "Shinhyup"] },
  { code: "6D", names: ["다이너스", "Diners"] },
  { code: "6I", names: ["디스커버", "Discover"] },
  { code: "71", names: ["롯데", "Lotte"] },
  { code: "7A", names: ["아메리칸 익스프레스", "AMEX"] },
  { code: "91", names: ["농협", "NH농협", "NH"] },
  { code: "W1", names: ["우리", "Woori"] },
];

/** Toss's code of a card company that is named with or without 카드; null when nobody goes by the name. */
export function cardCompanyCode(name: string): string | null {
  return organisationCode(
    name.trim().replace(/(?:카드| ?card)$/iu, ""),
    CARD_COMPANIES,
  );
}
