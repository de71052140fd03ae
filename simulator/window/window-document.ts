import { escapeHtml } from "./html.ts";
import type { Locale, Words } from "./payment-choices.ts";
import { WINDOW_STYLE } from "./window-style.ts";

/** What a window or a part of the widget shows. */
export interface WindowDocument {
  locale: Locale;
  title: Words;
  /** HTML that is safe already. */
  content: string;
  /** `window` for a page of its own, `part` for a frame in a shop's page. */
  kind: "window" | "part";
  /** JavaScript that runs at the end. */
  script?: string;
}

/** The language of a window: as the SDK asks, else as the browser prefers, else Korean. */
export function localeOf(
  asked: string | undefined,
  acceptLanguage: string | undefined,
): Locale {
  return /^en\b/i.test(asked || acceptLanguage || "") ? "en" : "ko";
}

/** An amount as a person reads it, for example `15,000원`. */
export function money(amount: number, locale: Locale): string {
  const digits = amount.toLocaleString("ko-KR");
  return locale === "en" ? `₩${digits}` : `${digits}원`;
}

/** A value that can stand in a script: "</script>" would end the element. */
export function scriptValue(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}

/** A whole HTML page. */
export function windowDocument(
  { locale, title, content, kind, script }: WindowDocument,
): string {
  const name = escapeHtml(title[locale]);
  const heading = kind === "window"
    ? `<h1>${name} <span class="mark">Toss simulator</span></h1>`
    : "";
  return `<!doctype html>
<html lang="${locale}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>${name} (simulator)</title>
<style>${WINDOW_STYLE}</style>
</head>
<body class="${kind}">
<main>
${heading}
${content}
</main>
${script === undefined ? "" : `<script>${script}</script>`}
</body>
</html>
`;
}
