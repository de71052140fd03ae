import type { SignatureScheme } from "../../supabase/functions/_shared/config/config.ts";

/** What a sender signs. */
export interface Signing {
  scheme: SignatureScheme;
  body: string | Uint8Array;
  key: string;
  /** Read the key as hexadecimal digits. @default false */
  isHexKey?: boolean;
  /** The time that the schemes with a time sign. @default now */
  signedAt?: Date;
}

/** As Toss writes it: with the offset of Korea. */
function inKorea(time: Date): string {
  const shifted = new Date(time.getTime() + 9 * 3_600_000);
  return shifted.toISOString().replace(/\.\d+Z$/, "+09:00");
}

const HASHES = { "sha512-hex-body": "SHA-512" } as Record<string, string>;

const HEADERS: Record<SignatureScheme, string> = {
  "toss-v1": "tosspayments-webhook-signature",
  "sha512-hex-body": "TossPayments-Signature",
  "sha256-hex-body-time": "tosspayments-webhook-signature",
  "sha256-hex-body": "X-Tosspayments-Signature",
  "sha256-base64-body": "x-tosspayments-signature",
};

const encode = (text: string) => new TextEncoder().encode(text);

function hexBytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(
    text.match(/../g) ?? [],
    (digits) => Number.parseInt(digits, 16),
  );
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}

/** The headers of a signed delivery. Written against the documents with Web Crypto, apart from the code it tests. */
export async function signatureHeaders(
  { scheme, body, key, isHexKey = false, signedAt = new Date() }: Signing,
): Promise<Record<string, string>> {
  const time = inKorea(signedAt);
  const bytes = typeof body === "string" ? encode(body) : body;
  const hasTime = scheme === "toss-v1" || scheme === "sha256-hex-body-time";
  const message = hasTime
    ? Uint8Array.from([...bytes, ...encode(`:${time}`)])
    : Uint8Array.from(bytes);
  const secret = await crypto.subtle.importKey(
    "raw",
    isHexKey ? hexBytes(key) : encode(key),
    { name: "HMAC", hash: HASHES[scheme] ?? "SHA-256" },
    false,
    ["sign"],
  );
  const digest = new Uint8Array(
    await crypto.subtle.sign("HMAC", secret, message),
  );
  const base64 = btoa(String.fromCharCode(...digest));
  const value = scheme === "toss-v1"
    ? `v1:${base64}`
    : scheme === "sha256-base64-body"
    ? base64
    : toHex(digest);
  return {
    [HEADERS[scheme]]: value,
    "tosspayments-webhook-transmission-time": time,
  };
}
