/**
 * An organisation that holds accounts: Toss's code and the names it goes by, the usual one first: Korean and English
 * ones, and those of before it changed its name or took another over.
 */
export type Bank = {
  readonly code: string;
  readonly names: readonly [string, ...string[]];
};

/** Banks, which receive deposits and refunds. Source: Toss "기관 코드", 은행. */
export const BANKS: readonly Bank[] = [
  {
    code: "02",
    names: [
      "산업",
      "KDB산업",
      "KDB",
      "한국산업",
      "산은",
      "Korea Development Bank",
    ],
  },
  {
    code: "03",
    names: [
      "기업",
      "IBK기업",
      "IBK",
      "중소기업",
      "기은",
      "Industrial Bank of Korea",
    ],
  },
  {
    code: "06",
    names: [
      "국민",
      "KB국민",
      "KB",
      "Kookmin",
      "KB Kookmin",
      "주택",
      "한국주택",
    ],
  },
  {
    code: "07",
    names: ["수협", "Sh수협", "수협중앙회", "Suhyup", "Sh Suhyup"],
  },
  {
    code: "11",
    names: ["농협", "NH농협", "NH", "농협중앙회", "NongHyup", "NH NongHyup"],
  },
  {
    code: "12",
    names: ["단위농협", "지역농축협", "지역농협", "지역축협", "축협", "농축협"],
  },
  { code: "20", names: ["우리", "Woori", "한빛", "상업", "한일", "평화"] },
  {
    code: "23",
    names: [
      "SC제일",
      "제일",
      "SC",
      "스탠다드차타드",
      "한국스탠다드차타드",
      "SC First",
      "Korea First",
      "Standard Chartered",
      "Standard Chartered Korea",
    ],
  },
  {
    code: "27",
    names: [
      "씨티",
      "한국씨티",
      "시티",
      "한국시티",
      "Citi",
      "Citibank Korea",
      "한미",
    ],
  },
  {
    code: "31",
    names: [
      "대구",
      "iM",
      "iM뱅크",
      "아이엠",
      "아이엠뱅크",
      "DGB",
      "DGB대구",
      "Daegu",
    ],
  },
  { code: "32", names: ["부산", "BNK부산", "Busan", "BNK Busan"] },
  { code: "34", names: ["광주", "Gwangju", "Kwangju"] },
  { code: "35", names: ["제주", "Jeju"] },
  { code: "37", names: ["전북", "JB전북", "Jeonbuk"] },
  {
    code: "39",
    names: ["경남", "BNK경남", "Kyongnam", "BNK Kyongnam", "Gyeongnam"],
  },
  {
    code: "45",
    names: [
      "새마을",
      "새마을금고",
      "MG",
      "MG새마을",
      "MG새마을금고",
      "새마을금고중앙회",
      "Saemaul",
    ],
  },
  { code: "48", names: ["신협", "신용협동조합", "신협중앙회", "Shinhyup"] },
  { code: "50", names: ["저축", "상호저축", "저축은행중앙회", "Savings"] },
  { code: "54", names: ["HSBC", "홍콩상하이"] },
  { code: "64", names: ["산림", "산림조합", "산림조합중앙회", "SJ산림조합"] },
  {
    code: "71",
    names: [
      "우체국",
      "우체국예금",
      "우정사업본부",
      "Korea Post",
      "Post Office",
    ],
  },
  {
    code: "81",
    names: [
      "하나",
      "KEB하나",
      "KEB",
      "Hana",
      "KEB Hana",
      "외환",
      "한국외환",
      "Korea Exchange",
      "서울",
      "보람",
    ],
  },
  { code: "88", names: ["신한", "Shinhan", "조흥"] },
  { code: "89", names: ["케이", "케이뱅크", "K뱅크", "K Bank"] },
  { code: "90", names: ["카카오", "카카오뱅크", "한국카카오", "Kakao"] },
  { code: "92", names: ["토스", "토스뱅크", "Toss"] },
];

/** Securities firms, which receive refunds too. Source: Toss "기관 코드", 증권. */
export const SECURITIES_FIRMS: readonly Bank[] = [
  { code: "S0", names: ["유안타증권", "유안타", "동양증권", "Yuanta"] },
  {
    code: "S2",
    names: ["신한투자증권", "신한금융투자", "신한투자", "신한증권"],
  },
  { code: "S3", names: ["삼성증권", "Samsung Securities"] },
  { code: "S4", names: ["KB증권", "KB투자증권", "현대증권", "KB Securities"] },
  {
    code: "S5",
    names: [
      "미래에셋증권",
      "미래에셋",
      "미래에셋대우",
      "대우증권",
      "Mirae Asset",
    ],
  },
  {
    code: "S6",
    names: ["한국투자증권", "한국투자", "한투증권", "Korea Investment"],
  },
  { code: "SB", names: ["키움증권", "키움", "Kiwoom"] },
  { code: "SD", names: ["SK증권", "SK Securities"] },
  { code: "SE", names: ["대신증권", "대신", "Daishin"] },
  {
    code: "SH",
    names: ["하나증권", "하나금융투자", "하나대투증권", "Hana Securities"],
  },
  { code: "SK", names: ["메리츠증권", "메리츠", "메리츠종금증권", "Meritz"] },
  { code: "SL", names: ["NH투자증권", "NH투자", "NH증권", "NH Investment"] },
  { code: "SQ", names: ["카카오페이증권", "Kakaopay Securities"] },
  { code: "ST", names: ["토스증권", "Toss Securities"] },
];

const SAVINGS_BANK = "50";

/**
 * Finds the code of an organisation by its code, or by a name as people write it: upper or lower case, with or without
 * spaces and punctuation, with or without 은행 or Bank. Every savings bank is 저축은행 (Toss: one code for all).
 *
 * @returns null when it is none of `among`.
 */
export function bankCode(
  codeOrName: string,
  among: readonly Bank[],
): string | null {
  return organisationCode(codeOrName, among) ??
    (/..저축$/.test(plainName(codeOrName.trim()))
      ? organisationCode(SAVINGS_BANK, among)
      : null);
}

/** The code of an organisation that is named by its code or by one of its names; null when nobody goes by it. */
export function organisationCode(
  codeOrName: string,
  among: readonly Bank[],
): string | null {
  const text = codeOrName.trim();
  const wanted = plainName(text);
  const found = among.find(({ code }) => code === text) ??
    among.find(({ names }) => names.some((name) => plainName(name) === wanted));
  return found?.code ?? null;
}

/** What names have in common however they are written. */
export function plainName(name: string): string {
  const letters = name.normalize("NFKC").toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, "");
  // A short rest would be no name: K of K Bank.
  return letters.replace(/^(.{2,})(?:은행|bank)$/u, "$1");
}

/** Lists codes with their names for an error message. */
export function describeBanks(among: readonly Bank[]): string {
  return among.map(({ code, names }) => `${code} (${names[0]})`).join(", ");
}
