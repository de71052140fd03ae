import type { Language, Text } from "../language.ts";

/** What a diagram calls the state before the first one. */
export const START = "[*]";

/** An arrow of a diagram. */
export interface Arrow {
  from: string;
  to: string;
  when: Text;
}

/** A diagram of states, in Mermaid. */
export function diagram(
  arrows: readonly Arrow[],
  language: Language,
): string {
  return [
    "```mermaid",
    "stateDiagram-v2",
    ...arrows.map(({ from, to, when }) =>
      `  ${from} --> ${to}: ${when[language]}`
    ),
    "```",
  ].join("\n");
}
