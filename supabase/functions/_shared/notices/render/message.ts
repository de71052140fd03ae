import type { NoticeText, Shop } from "../notice.ts";
import { knownRows } from "../words.ts";

/** A text message as Korean carriers take it. */
export interface MessageContent {
  type: "SMS" | "LMS";
  /** LMS only. */
  subject?: string;
  text: string;
}

// Carriers take EUC-KR, where a Korean letter is two bytes (Solapi: message status codes 1014, 1029, 1031).
const SMS_BYTES = 90;
const LMS_BYTES = 2000;
const SUBJECT_BYTES = 40;

/** What carriers cannot write, such as an emoji in a product's name, would have the whole message refused. */
const UNWRITABLE = /[^\x20-\x7e\n\u3131-\u318e\uac00-\ud7a3\u4e00-\u9fff]/gu;

/** Writes a notice as a text message: an SMS when it fits, else an LMS. */
export function renderMessage(
  notice: NoticeText,
  shop: Shop,
): MessageContent {
  const { subject, lead, closing, link } = notice;
  const full = writable(
    [
      `[${shop.name}] ${lead}`,
      knownRows(notice).map(({ label, value }) => `${label}: ${value}`)
        .join("\n"),
      ...closing,
      link === null ? "" : link.url,
    ].filter((part) => part !== "").join("\n\n"),
  );
  if (bytesOf(full) <= SMS_BYTES) return { type: "SMS", text: full };
  return {
    type: "LMS",
    subject: cut(writable(subject), SUBJECT_BYTES),
    text: cut(full, LMS_BYTES),
  };
}

/** What Kakao's template names as `#{label}`: every line of the notice, and the shop. */
export function templateVariables(
  { rows, link }: NoticeText,
  shop: Shop,
): Record<string, string> {
  const variables = [
    ["상점", shop.name] as const,
    ...rows.map(({ label, value }) =>
      // Kakao refuses a message that leaves a place empty.
      [label.replaceAll(" ", ""), value ?? "-"] as const
    ),
    ["링크", link?.url ?? shop.url] as const,
  ];
  return Object.fromEntries(
    variables.map(([name, value]) => [`#{${name}}`, value]),
  );
}

/** The text to register at Kakao, so that {@link templateVariables} fills it. */
export function templateText(
  { lead, rows, closing }: NoticeText,
): string {
  return [
    `[#{상점}] ${lead}`,
    rows.map(({ label }) => `${label}: #{${label.replaceAll(" ", "")}}`)
      .join("\n"),
    ...closing,
    "#{링크}",
  ].join("\n\n");
}

function writable(text: string): string {
  return text.normalize("NFC").replaceAll("·", "-").replace(UNWRITABLE, "?");
}

function bytesOf(text: string): number {
  let bytes = 0;
  for (const letter of text) bytes += letter.charCodeAt(0) < 0x80 ? 1 : 2;
  return bytes;
}

function cut(text: string, most: number): string {
  let bytes = 0;
  let kept = "";
  for (const letter of text) {
    bytes += letter.charCodeAt(0) < 0x80 ? 1 : 2;
    if (bytes > most) break;
    kept += letter;
  }
  return kept;
}
