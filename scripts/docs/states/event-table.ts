import type { Language, Text } from "../language.ts";
import { code } from "../markdown.ts";
import { table } from "../../../proofs/support/markdown.ts";

/** What happens, and the state after it by the state before it; what is missing stays. */
export interface Happening {
  what: Text;
  next: Readonly<Record<string, string>>;
}

const HAPPENS: Text = { en: "Happens", ko: "일어난 일" };

/** Events by states: the next state in the cell, a dash where it stays. */
export function eventTable(
  states: readonly string[],
  happenings: readonly Happening[],
  language: Language,
): string {
  return table(
    [HAPPENS[language], ...states.map(code)],
    happenings.map(({ what, next }) => [
      what[language],
      ...states.map((state) => next[state] ?? "–"),
    ]),
  );
}
