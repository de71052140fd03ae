import { z } from "zod";

// Code, then the Korean names that Toss takes in its place.
const BANKS = `
02 산업
03 기업 IBK기업
06 국민 KB국민
07 수협
11 농협 NH농협
12 단위농협 지역농축협
20 우리
23 SC제일
27 씨티
31 대구 iM
32 부산
34 광주
35 제주
37 전북
39 경남
45 새마을
48 신협
50 저축
54 HSBC
64 산림 산림조합
71 우체국
81 하나
88 신한
89 케이 케이뱅크
90 카카오 카카오뱅크
92 토스 토스뱅크
`;

const SECURITIES = `
S0 유안타증권
S2 신한금융투자
S3 삼성증권
S4 KB증권
S5 미래에셋증권
S6 한국투자증권
SB 키움증권
SD SK증권
SE 대신증권
SH 하나증권
SK 메리츠증권
SL NH투자증권
SQ 카카오페이증권
ST 토스증권
`;

function readTable(table: string): Map<string, string> {
  return new Map(
    table.trim().split("\n").flatMap((line) => {
      const words = line.split(" ");
      const [code = ""] = words;
      return words.map((word) => [word, code] as const);
    }),
  );
}

function organisationSchema(codes: ReadonlyMap<string, string>) {
  return z.string().transform((bank, context) => {
    const code = codes.get(bank);
    if (code !== undefined) return code;
    context.addIssue({ code: "custom", message: "INVALID_BANK" });
    return z.NEVER;
  });
}

const BANK_CODES = readTable(BANKS);

/** The banks to choose from, each with its code and its first name. */
export const BANK_CHOICES: readonly { code: string; name: string }[] = BANKS
  .trim().split("\n").map((line) => {
    const [code = "", name = ""] = line.split(" ");
    return { code, name };
  });

/**
 * A bank by code or Korean name; parses to the code, or fails with the
 * message INVALID_BANK. Source: Toss docs, organisation codes.
 */
export const bankSchema = organisationSchema(BANK_CODES);

/** As `bankSchema`, and the securities firms, whose accounts receive money. */
export const receivingBankSchema = organisationSchema(
  new Map([...BANK_CODES, ...readTable(SECURITIES)]),
);
