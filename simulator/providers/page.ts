import { escapeHtml, htmlPage } from "../window/html.ts";
import type { MailboxEntry } from "./mailbox.ts";

/** The page that shows what was sent, the newest first. */
export function mailboxPage(entries: readonly MailboxEntry[]): string {
  const items = [...entries].reverse().map((entry) =>
    `<article>
<h2>${escapeHtml(entry.subject ?? entry.text.split("\n")[0] ?? "")}</h2>
<p><small>${
      escapeHtml(
        `${entry.type} · ${entry.to} · ${entry.at}${
          entry.templateId === null ? "" : ` · ${entry.templateId}`
        }`,
      )
    }</small></p>
${
      entry.html === null
        ? `<pre style="white-space: pre-wrap">${escapeHtml(entry.text)}</pre>`
        // Without scripts, and without the page's own address.
        : `<iframe sandbox srcdoc="${escapeHtml(entry.html)}" title="${
          escapeHtml(entry.subject ?? "")
        }" style="width: 100%; height: 28rem; border: 1px solid #e5e8eb; border-radius: .5rem"></iframe>`
    }
</article>`
  );
  return htmlPage(
    "보낸 알림 · Mailbox",
    items.length === 0 ? "<p>아직 없음 · Nothing yet</p>" : items.join("\n"),
  );
}
