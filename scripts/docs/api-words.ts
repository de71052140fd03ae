import type { Language } from "./language.ts";

/** What stands around the fields and answers of a route. */
interface ApiWords {
  introduction: readonly string[];
  callers: Readonly<Record<string, string>>;
  caller: string;
  anyone: string;
  more: (callers: string) => string;
  or: string;
  query: string;
  body: string;
  answer: (status: string) => string;
  another: (title: string) => string;
  fields: readonly string[];
  answers: readonly string[];
  required: readonly [yes: string, no: string];
  array: (of: string) => string;
  either: string;
  characters: (from: number, to: number | string) => string;
  from: (value: number) => string;
  to: (value: number) => string;
  pattern: (pattern: string) => string;
  longPattern: string;
  byDefault: (value: string) => string;
}

export const API_WORDS: Readonly<Record<Language, ApiWords>> = {
  en: {
    introduction: [
      "# Every field",
      "",
      "한국어: [api.ko.md](api.ko.md)",
      "",
      "Written by `npx -y deno task docs` from the schemas that check the requests; the same as [openapi.json](openapi.json).",
      "Paths stand below `<API_URL>/functions/v1`. At a glance: [functions.md](functions.md). Error bodies and every code: [errors.md](errors.md).",
    ],
    callers: {
      secretKey: "secret key (`apikey`)",
      publishableKey: "publishable key (`apikey`)",
      userToken: "user's access token (`Authorization: Bearer`)",
      cronSecret: "CRON_SECRET (`Authorization: Bearer`)",
    },
    caller: "Caller",
    anyone: "anyone",
    more: (callers) => `anyone; more for ${callers}`,
    or: ", or ",
    query: "Query:",
    body: "Body:",
    answer: (status) => `Answer ${status}:`,
    another: (title) => `Or, ${title.toLowerCase()}`,
    fields: ["Field", "Type", "Required", "Rules"],
    answers: ["Status", "Answer"],
    required: ["yes", "no"],
    array: (of) => `array of ${of}`,
    either: " or ",
    characters: (from, to) => `${from}–${to} characters`,
    from: (value) => `from ${value}`,
    to: (value) => `to ${value}`,
    pattern: (pattern) => `matches ${pattern}`,
    longPattern: "has a pattern, see openapi.json",
    byDefault: (value) => `default ${value}`,
  },
  ko: {
    introduction: [
      "# 모든 필드",
      "",
      "English: [api.md](api.md)",
      "",
      "요청을 검사하는 스키마에서 `npx -y deno task docs`가 만들며 [openapi.json](openapi.json)과 같습니다.",
      "경로는 `<API_URL>/functions/v1` 아래에 있습니다. 한눈에 보려면 [functions.ko.md](functions.ko.md), 오류 본문과 모든 코드는 [errors.ko.md](errors.ko.md)를 보세요.",
    ],
    callers: {
      secretKey: "secret 키(`apikey`)",
      publishableKey: "publishable 키(`apikey`)",
      userToken: "사용자의 액세스 토큰(`Authorization: Bearer`)",
      cronSecret: "CRON_SECRET(`Authorization: Bearer`)",
    },
    caller: "호출자",
    anyone: "누구나",
    more: (callers) => `누구나. ${callers}이면 더 많이`,
    or: " 또는 ",
    query: "쿼리:",
    body: "본문:",
    answer: (status) => `응답 ${status}:`,
    another: (title) => `또는 ${title}`,
    fields: ["필드", "타입", "필수", "규칙"],
    answers: ["상태", "응답"],
    required: ["예", "아니요"],
    array: (of) => `${of} 배열`,
    either: " 또는 ",
    characters: (from, to) => `${from}~${to}자`,
    from: (value) => `${value} 이상`,
    to: (value) => `${value} 이하`,
    pattern: (pattern) => `형식 ${pattern}`,
    longPattern: "형식은 openapi.json 참고",
    byDefault: (value) => `기본값 ${value}`,
  },
};
