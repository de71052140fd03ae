import { toReadableTime } from "../korean-time.ts";
import { escapeHtml, htmlPage } from "../window/html.ts";
import type { MailboxEntry } from "./mailbox.ts";

const STYLE = `
article { padding: 1rem 0; border-top: 1px solid #e5e8eb; }
article h2 { margin: 0; font-size: 1rem; overflow-wrap: anywhere; }
article p { margin: 0 0 .75rem; color: #6b7684; font-size: .8125rem; overflow-wrap: anywhere; }
article pre { margin: 0; padding: .75rem 1rem; border-radius: .75rem; background: #fff8d9; font: inherit;
  font-size: .875rem; white-space: pre-wrap; overflow-wrap: anywhere; }
article iframe { display: block; width: 100%; height: 34rem; border: 1px solid #e5e8eb; border-radius: .5rem; }
`;

const TYPE_NAMES: Record<string, string> = {
  EMAIL: "이메일 · E-mail",
  ATA: "알림톡",
  SMS: "SMS",
  LMS: "LMS",
};

function article(entry: MailboxEntry): string {
  const title = escapeHtml(entry.subject ?? entry.text.split("\n")[0] ?? "");
  const about = [
    TYPE_NAMES[entry.type] ?? entry.type,
    entry.to,
    toReadableTime(Date.parse(entry.at)),
    ...entry.templateId === null ? [] : [entry.templateId],
  ].join(" · ");
  const content = entry.html === null
    ? `<pre>${escapeHtml(entry.text)}</pre>`
    // Without scripts, and without the page's own address.
    : `<iframe sandbox loading="lazy" srcdoc="${
      escapeHtml(entry.html)
    }" title="${title}"></iframe>`;
  return `<article>
<h2>${title}</h2>
<p>${escapeHtml(about)}</p>
${content}
</article>`;
}

/** The page that shows what was sent, the newest first. */
export function mailboxPage(entries: readonly MailboxEntry[]): string {
  const content = entries.length === 0
    ? "<p>아직 보낸 알림이 없어요. · Nothing yet.</p>"
    : entries.toReversed().map(article).join("\n");
  return htmlPage(
    "보낸 알림 · Mailbox",
    `<style>${STYLE}</style>\n${content}`,
    "window",
    "Resend · Solapi simulator",
  );
}
