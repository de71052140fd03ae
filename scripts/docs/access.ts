import {
  type AccessMode,
  FUNCTION_ACCESS,
  type FunctionAccess,
} from "../../supabase/functions/_shared/http/access.ts";
import type { Language } from "./language.ts";
import { code } from "./markdown.ts";
import { table } from "../../proofs/support/markdown.ts";

const MODES: readonly AccessMode[] = [
  "anyone",
  "publishable",
  "user",
  "secret",
  "cron",
];

const WORDS = {
  en: { name: "Function", browser: "browsers" },
  ko: { name: "함수", browser: "브라우저" },
} as const;

/** Who may call which function, as the functions ask it themselves. */
export function accessTable(language: Language): string {
  const { name, browser } = WORDS[language];
  const functions = Object.entries<FunctionAccess>(FUNCTION_ACCESS).sort();
  const tick = (is: boolean) => is ? "✓" : "";
  return table(
    [name, ...MODES.map(code), browser],
    functions.map(([path, access]) => [
      code(path),
      ...MODES.map((mode) => tick(access.modes.includes(mode))),
      tick(access.browser),
    ]),
  );
}
