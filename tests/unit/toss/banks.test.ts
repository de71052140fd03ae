import assert from "node:assert/strict";
import {
  bankCode,
  BANKS,
  describeBanks,
  plainName,
  SECURITIES_FIRMS,
} from "../../../supabase/functions/_shared/toss/banks.ts";

const ALL = [...BANKS, ...SECURITIES_FIRMS];

Deno.test("the tables hold every code that Toss documents, once", () => {
  // Typed in from Toss's table of organisation codes.
  const documented =
    "39 34 12 32 45 64 88 48 27 20 71 50 37 35 90 89 92 81 54 03 06 31 02 11 23 07 " +
    "S0 S2 S3 S4 S5 S6 SB SD SE SH SK SL SQ ST";
  assert.deepEqual(
    ALL.map(({ code }) => code).sort(),
    documented.split(" ").sort(),
  );
});

Deno.test("no name stands for two organisations", () => {
  const names = ALL.flatMap(({ code, names }) => [
    code.toLowerCase(),
    ...names.map(plainName),
  ]);
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  assert.deepEqual(twice, []);
  assert.ok(names.every((name) => name.length > 1));
});

Deno.test("bankCode() finds an organisation by code or Korean name, with or without 은행", () => {
  const cases: [string, string][] = [
    ["88", "88"],
    ["신한", "88"],
    ["신한은행", "88"],
    [" KB국민은행 ", "06"],
    ["카카오뱅크", "90"],
    ["iM", "31"],
    ["삼성증권", "S3"],
    ["ST", "ST"],
  ];
  for (const [text, code] of cases) assert.equal(bankCode(text, ALL), code);
});

// Typed in from what banks call themselves, called themselves and are called abroad.
const WRITTEN: Record<string, string> = {
  "02": "KDB산업은행, 산업은행, 한국산업은행, KDB, korea development bank",
  "03":
    "IBK기업은행, 기업은행, 중소기업은행, IBK, ibk 기업, Industrial Bank of Korea",
  "06":
    "KB국민은행, 국민은행, kb국민, 국민, KB, Kookmin Bank, KB Kookmin, 주택은행",
  "07": "Sh수협은행, SH수협, 수협은행, 수협, 수협중앙회, Suhyup Bank",
  "11": "NH농협은행, 농협은행, nh농협, 농협, NH, NongHyup Bank",
  "12": "지역농축협, 지역농협, 단위농협, 축협, 농·축협",
  "20": "우리은행, 우리, Woori Bank, WOORI, 한빛은행, 상업은행",
  "23":
    "SC제일은행, sc 제일, 제일은행, SC은행, 스탠다드차타드은행, Standard Chartered Bank",
  "27": "한국씨티은행, 씨티은행, 씨티, 시티은행, Citibank, citi, 한미은행",
  "31":
    "iM뱅크, IM뱅크, iM Bank, 아이엠뱅크, 대구은행, DGB대구은행, DGB, Daegu Bank",
  "32": "부산은행, BNK부산은행, Busan Bank",
  "34": "광주은행, Kwangju Bank, Gwangju",
  "35": "제주은행, Jeju Bank",
  "37": "전북은행, JB전북은행, Jeonbuk Bank",
  "39": "경남은행, BNK경남은행, Kyongnam Bank",
  "45": "새마을금고, MG새마을금고, MG, 새마을금고중앙회",
  "48": "신협, 신용협동조합, 신협중앙회",
  "50":
    "저축은행, 상호저축은행, SBI저축은행, OK저축은행, KB저축은행, 우리금융저축은행",
  "54": "HSBC, HSBC은행, hsbc bank",
  "64": "산림조합, 산림조합중앙회, SJ산림조합",
  "71": "우체국, 우체국예금, 우정사업본부, Korea Post",
  "81":
    "하나은행, KEB하나은행, KEB 하나, 하나, Hana Bank, KEB Hana Bank, 외환은행, 한국외환은행, 서울은행",
  "88": "신한은행, 신한, Shinhan Bank, SHINHAN, 조흥은행",
  "89": "케이뱅크, K뱅크, k 뱅크, K Bank, Kbank, 케이뱅크은행",
  "90": "카카오뱅크, 카카오, KakaoBank, kakao bank, 한국카카오은행",
  "92": "토스뱅크, 토스, Toss Bank, tossbank",
  S0: "유안타증권, 동양증권",
  S2: "신한투자증권, 신한금융투자",
  S4: "KB증권, kb 증권, 현대증권",
  S5: "미래에셋증권, 미래에셋대우",
  SD: "SK증권, sk 증권",
  SH: "하나증권, 하나금융투자",
  SK: "메리츠증권, 메리츠종금증권",
  SL: "NH투자증권, nh투자",
};

for (const [code, names] of Object.entries(WRITTEN)) {
  Deno.test(`bankCode() knows ${code} as people write it`, () => {
    for (const name of names.split(", ")) {
      assert.equal(bankCode(name, ALL), code, name);
    }
  });
}

Deno.test("bankCode() knows nothing else", () => {
  for (
    const text of [
      "",
      "은행",
      "088",
      "s3",
      "국민카드",
      "99",
      "__proto__",
      "bank",
      "BNK",
      "JB",
      "K",
      "증권",
    ]
  ) {
    assert.equal(bankCode(text, ALL), null, text);
  }
  assert.equal(bankCode("S3", BANKS), null);
});

Deno.test("describeBanks() names every code it was given", () => {
  const text = describeBanks(BANKS);
  for (const { code, names } of BANKS) {
    assert.ok(text.includes(`${code} (${names[0]})`));
  }
});
