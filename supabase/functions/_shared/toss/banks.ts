/** An organisation that holds accounts: Toss's code and the Korean names it goes by, the usual one first. */
export type Bank = {
  readonly code: string;
  readonly names: readonly [string, ...string[]];
};

/** Banks, which receive deposits and refunds. Source: Toss "기관 코드", 은행. */
export const BANKS: readonly Bank[] = [
  { code: "02", names: ["산업", "KDB산업"] },
  { code: "03", names: ["기업", "IBK기업"] },
  { code: "06", names: ["국민", "KB국민"] },
  { code: "07", names: ["수협", "Sh수협"] },
  { code: "11", names: ["농협", "NH농협"] },
  { code: "12", names: ["단위농협", "지역농축협"] },
  { code: "20", names: ["우리"] },
  { code: "23", names: ["SC제일"] },
  { code: "27", names: ["씨티"] },
  { code: "31", names: ["대구", "iM"] },
  { code: "32", names: ["부산"] },
  { code: "34", names: ["광주"] },
  { code: "35", names: ["제주"] },
  { code: "37", names: ["전북"] },
  { code: "39", names: ["경남"] },
  { code: "45", names: ["새마을", "새마을금고"] },
  { code: "48", names: ["신협"] },
  { code: "50", names: ["저축"] },
  { code: "54", names: ["HSBC"] },
  { code: "64", names: ["산림", "산림조합"] },
  { code: "71", names: ["우체국"] },
  { code: "81", names: ["하나"] },
  { code: "88", names: ["신한"] },
  { code: "89", names: ["케이", "케이뱅크"] },
  { code: "90", names: ["카카오", "카카오뱅크"] },
  { code: "92", names: ["토스", "토스뱅크"] },
];

/** Securities firms, which receive refunds too. Source: Toss "기관 코드", 증권. */
export const SECURITIES_FIRMS: readonly Bank[] = [
  { code: "S0", names: ["유안타증권"] },
  { code: "S2", names: ["신한투자증권", "신한금융투자"] },
  { code: "S3", names: ["삼성증권"] },
  { code: "S4", names: ["KB증권"] },
  { code: "S5", names: ["미래에셋증권"] },
  { code: "S6", names: ["한국투자증권"] },
  { code: "SB", names: ["키움증권"] },
  { code: "SD", names: ["SK증권"] },
  { code: "SE", names: ["대신증권"] },
  { code: "SH", names: ["하나증권"] },
  { code: "SK", names: ["메리츠증권"] },
  { code: "SL", names: ["NH투자증권"] },
  { code: "SQ", names: ["카카오페이증권"] },
  { code: "ST", names: ["토스증권"] },
];

/**
 * Finds the code of an organisation by its code or Korean name; a bank may be
 * named with or without 은행.
 *
 * @returns null when it is none of `among`.
 */
export function bankCode(
  codeOrName: string,
  among: readonly Bank[],
): string | null {
  const wanted = codeOrName.trim().replace(/은행$/, "");
  const found = among.find(({ code, names }) =>
    wanted === code || names.includes(wanted)
  );
  return found?.code ?? null;
}

/** Lists codes with their names for an error message. */
export function describeBanks(among: readonly Bank[]): string {
  return among.map(({ code, names }) => `${code} (${names[0]})`).join(", ");
}
