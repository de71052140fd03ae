const ENTITIES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

const STYLE = `
* { box-sizing: border-box; }
body { margin: 0; padding: 1.5rem 1rem; background: #f2f4f6; color: #191f28;
  font: 1rem/1.5 system-ui, "Apple SD Gothic Neo", "Noto Sans KR", sans-serif;
  word-break: keep-all; }
main { max-width: 26rem; margin: 0 auto; padding: 1.5rem; background: #fff;
  border-radius: 1rem; box-shadow: 0 2px 12px rgb(0 0 0 / 8%); }
main.wide { max-width: 76rem; }
h1 { margin: 0 0 1rem; font-size: 1.125rem; display: flex;
  justify-content: space-between; align-items: center; gap: .5rem; }
.mark { padding: .125rem .5rem; border-radius: 1rem; background: #fff3d6;
  color: #8a5a00; font-size: .75rem; font-weight: 600; white-space: nowrap; }
.amount { margin: 0 0 1rem; font-size: 2rem; font-weight: 700; }
dl { margin: 0 0 1.25rem; border-top: 1px solid #e5e8eb; }
dl > div { display: flex; justify-content: space-between; gap: 1rem;
  padding: .625rem 0; border-bottom: 1px solid #e5e8eb; font-size: .875rem; }
dt { flex: none; color: #6b7684; }
dd { margin: 0; font-weight: 600; text-align: right; overflow-wrap: anywhere; }
button, select, input { font: inherit; width: 100%; min-height: 2.75rem;
  margin: .25rem 0; padding: .5rem .75rem; border: 1px solid #d1d6db;
  border-radius: .5rem; background: #fff; color: #191f28; }
button { cursor: pointer; }
button:hover { background: #f2f4f6; }
button[value="pay"], button[value="register"] { border-color: #1b64da; background: #1b64da; color: #fff;
  font-weight: 600; }
button[value="pay"]:hover, button[value="register"]:hover { background: #1957c2; }
button[value="cancel"] { border-color: transparent; color: #6b7684; }
fieldset { margin: 1rem 0 0; padding: .75rem 1rem 1rem; border: 0;
  border-radius: .75rem; background: #f9fafb; }
fieldset button { font-size: .875rem; }
legend { float: left; width: 100%; padding: 0; font-weight: 600;
  font-size: .875rem; }
label { display: block; clear: both; margin-bottom: .5rem; color: #6b7684; font-size: .8125rem; }
select { appearance: none; padding-right: 2rem; text-overflow: ellipsis;
  background: #fff url("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 12 8'%3E%3Cpath d='M1 1.5l5 5 5-5' fill='none' stroke='%236b7684' stroke-width='1.5'/%3E%3C/svg%3E") no-repeat right .75rem center / .75rem; }
details { clear: both; margin: .25rem 0; }
summary { min-height: 2.75rem; line-height: 2.75rem; color: #6b7684;
  font-size: .875rem; cursor: pointer; }
`;

/** Makes text safe inside HTML elements and quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}

/** An amount as a person reads it, for example `15,000원`. */
export function won(amount: number): string {
  return `${amount.toLocaleString("ko-KR")}원`;
}

/** A list of names and values as rows; the values may be any text. */
export function detailRows(rows: [name: string, value: string][]): string {
  const lines = rows.map(([name, value]) =>
    `<div><dt>${name}</dt><dd>${escapeHtml(value)}</dd></div>`
  );
  return `<dl>\n${lines.join("\n")}\n</dl>`;
}

/**
 * A whole HTML page around `content`, which must already be safe.
 *
 * @param kind `wide` for a table, which needs more room than a window
 * @param mark what plays the part of the real one
 */
export function htmlPage(
  title: string,
  content: string,
  kind: "window" | "wide" = "window",
  mark = "Toss simulator",
): string {
  return `<!doctype html>
<html lang="ko">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>${escapeHtml(title)} (simulator)</title>
<style>${STYLE}</style>
</head>
<body>
<main class="${kind}">
<h1>${escapeHtml(title)} <span class="mark">${mark}</span></h1>
${content}
</main>
</body>
</html>
`;
}
