// Hangul, ideographs, kana, full-width forms and pictures take two columns of a terminal (Unicode, East Asian Width).
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const WITHOUT_WIDTH = /\p{Mn}|\p{Me}|\p{Cf}/u;

/** How many columns of a terminal a text takes. */
export function widthOf(text: string): number {
  let width = 0;
  for (const sign of text) {
    width += WITHOUT_WIDTH.test(sign) ? 0 : WIDE.test(sign) ? 2 : 1;
  }
  return width;
}

/** Cuts what alone is longer than a line, wherever it has to. */
function pieces(word: string, most: number): string[] {
  const cut: string[] = [""];
  for (const sign of word) {
    const last = cut.at(-1) ?? "";
    if (widthOf(last + sign) > most) cut.push(sign);
    else cut[cut.length - 1] = last + sign;
  }
  return cut;
}

/**
 * Lays a text out in lines of at most so many columns, broken at spaces.
 *
 * @param hanging what stands before each line but the first
 */
export function wrap(text: string, most: number, hanging = ""): string {
  const lines: string[] = [];
  let line = "";
  // What buyers wrote may hold what a terminal obeys.
  const words = text.replaceAll(/[\s\p{Cc}]+/gu, " ").trim().split(" ")
    .flatMap((word) => pieces(word, most - widthOf(hanging)));
  for (const word of words) {
    const joined = line === "" ? word : `${line} ${word}`;
    const room = most - (lines.length === 0 ? 0 : widthOf(hanging));
    if (line !== "" && widthOf(joined) > room) {
      lines.push(line);
      line = word;
    } else line = joined;
  }
  return [...lines, line].join(`\n${hanging}`);
}
