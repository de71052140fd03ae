import type { Language, NoticeText, Shop } from "../notice.ts";
import { knownRows } from "../words.ts";

/** An e-mail as it is handed to the provider. */
export interface EmailContent {
  subject: string;
  text: string;
  html: string;
}

// One column that fits a phone, system fonts, and colours of which a dark screen has its own. Nothing is loaded.
const STYLE = `
:root { color-scheme: light dark; }
body { margin: 0; padding: 24px 16px; background: #f4f5f7; color: #191f28; font: 16px/1.6 -apple-system, BlinkMacSystemFont, "Apple SD Gothic Neo", "Malgun Gothic", "Noto Sans KR", sans-serif; word-break: keep-all; overflow-wrap: anywhere; }
.card { max-width: 480px; margin: 0 auto; padding: 24px; background: #ffffff; border-radius: 12px; }
.shop { margin: 0 0 16px; font-size: 14px; color: #4e5968; }
h1 { margin: 0 0 12px; font-size: 20px; line-height: 1.4; }
p { margin: 0 0 12px; }
table { width: 100%; border-collapse: collapse; margin: 16px 0; }
th, td { padding: 10px 0; border-top: 1px solid #e5e8eb; font-size: 15px; text-align: left; vertical-align: top; }
th { width: 38%; padding-right: 12px; font-weight: normal; color: #4e5968; }
a { color: #1b64da; }
@media (prefers-color-scheme: dark) {
  body { background: #17171c; color: #e4e4e5; }
  .card { background: #202027; }
  .shop, th { color: #b0b3b8; }
  th, td { border-color: #3c3c47; }
  a { color: #7db1ff; }
}`;

/** Writes a notice as plain text and as simple HTML that says the same. */
export function renderEmail(
  notice: NoticeText,
  { language, shop }: { language: Language; shop: Shop },
): EmailContent {
  const { lead, closing, link } = notice;
  const text = [
    lead,
    knownRows(notice).map(({ label, value }) => `${label}: ${value}`).join(
      "\n",
    ),
    ...closing,
    link === null ? "" : `${link.label}: ${link.url}`,
    shop.name,
  ].filter((part) => part !== "").join("\n\n");
  return {
    subject: `[${shop.name}] ${notice.subject}`,
    text: `${text}\n`,
    html: page(notice, language, shop),
  };
}

function page(notice: NoticeText, language: Language, shop: Shop): string {
  const { subject, lead, closing, link } = notice;
  const table = knownRows(notice).map(({ label, value }) =>
    `<tr><th scope="row">${escape(label)}</th><td>${escape(value)}</td></tr>`
  );
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>${escape(subject)}</title>
<style>${STYLE}
</style>
</head>
<body>
<div class="card">
<p class="shop">${escape(shop.name)}</p>
<h1>${escape(subject)}</h1>
<p>${escape(lead)}</p>
<table>
${table.join("\n")}
</table>
${closing.map((sentence) => `<p>${escape(sentence)}</p>\n`).join("")}${
    link === null
      ? ""
      : `<p><a href="${escape(link.url)}">${escape(link.label)}</a></p>\n`
  }</div>
</body>
</html>
`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => ENTITIES[letter] ?? letter);
}
