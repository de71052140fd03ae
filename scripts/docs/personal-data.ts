import { readChapters } from "../schema/chapters.ts";
import type { Language, Text } from "./language.ts";
import { code } from "./markdown.ts";
import { table } from "../../proofs/support/markdown.ts";

/** What personal data a column can hold, in the words of its comment. */
const KINDS: Readonly<Record<string, Text>> = {
  id: { en: "id", ko: "식별자" },
  name: { en: "name", ko: "이름" },
  "e-mail": { en: "e-mail", ko: "이메일" },
  phone: { en: "phone", ko: "전화번호" },
  account: { en: "account", ko: "계좌" },
  card: { en: "masked card number", ko: "가려진 카드 번호" },
  link: { en: "link to Toss's page", ko: "토스 화면 링크" },
  "free text": { en: "free text", ko: "자유 입력" },
  "error text": {
    en: "another system's error text",
    ko: "다른 시스템의 오류 문구",
  },
  body: { en: "webhook body", ko: "웹훅 본문" },
};

/** What erasing does to it. */
const FATES: Readonly<Record<string, Text>> = {
  erased: { en: "erased", ko: "파기" },
  kept: { en: "kept", ko: "보존" },
};

const HEADS: Readonly<Record<Language, readonly string[]>> = {
  en: ["Column", "Can hold", "On erasure"],
  ko: ["열", "담을 수 있는 것", "파기할 때"],
};

/** A column whose comment ends with `Personal: <kinds>; <fate>.` */
export interface PersonalColumn {
  /** `<schema>.<table>.<column>` */
  column: string;
  kinds: string[];
  fate: string;
}

const COMMENT = /^comment on column (\S+) is\s+'((?:[^']|'')*)';$/gm;
const MARK = /(?:^|[.…:] )Personal: ([^;.]+); (\w+)\.$/;

/**
 * The columns that say of themselves that they can hold personal data, in the order of the chapters.
 *
 * @throws {Error} on a mark that is not written as the others are
 */
export async function personalColumns(): Promise<PersonalColumn[]> {
  const found: PersonalColumn[] = [];
  for (const { text } of await readChapters()) {
    for (const [, column = "", comment = ""] of text.matchAll(COMMENT)) {
      if (!comment.includes("Personal")) continue;
      const [, kinds = "", fate = ""] = MARK.exec(comment) ?? [];
      const mark = { column, kinds: kinds.split(", "), fate };
      if (
        FATES[fate] === undefined ||
        mark.kinds.some((kind) => KINDS[kind] === undefined)
      ) {
        throw new Error(
          `${column}: its comment must end with "Personal: <kinds>; <fate>.", ` +
            `kinds of ${Object.keys(KINDS).join(", ")}, fate of ${
              Object.keys(FATES).join(", ")
            }`,
        );
      }
      found.push(mark);
    }
  }
  return found;
}

/** Every column that can hold personal data: what it can hold, and whether erasing empties it. */
export async function personalDataTable(language: Language): Promise<string> {
  const columns = await personalColumns();
  return table(
    [...HEADS[language]],
    columns.map(({ column, kinds, fate }) => [
      code(column),
      kinds.map((kind) => KINDS[kind]?.[language]).join(", "),
      FATES[fate]?.[language] ?? "",
    ]),
  );
}
