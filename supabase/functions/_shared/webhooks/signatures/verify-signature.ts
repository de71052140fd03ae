import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import type { SignatureScheme } from "../../config/config.ts";
import { isEqualInConstantTime } from "../../security/timing-safe-equal.ts";
import {
  type SchemeDescription,
  SCHEMES,
  TRANSMISSION_TIME,
} from "./schemes.ts";

/**
 * What the signature headers of a delivery prove: who signed it, nothing, or that somebody tried.
 *
 * `wrong` is not `absent`: a signature that does not fit is refused, never taken for a weaker proof.
 */
export type SignatureProof =
  | { kind: "valid"; scheme: SignatureScheme }
  | { kind: "absent" }
  | { kind: "wrong" };

/** A scheme in force and the keys it accepts, the newest first. */
export interface ActiveScheme {
  scheme: SignatureScheme;
  keys: readonly string[];
}

/** What has been signed: the headers and the body, byte for byte as it came. */
export interface SignedDelivery {
  headers: Headers;
  body: Uint8Array;
}

/** More values than a rotation of keys needs; bounds the work that a long header can cause. */
const MAXIMUM_OFFERS = 10;

/**
 * Checks a delivery against every active scheme whose header it carries, in constant time.
 *
 * Several schemes can share a header; one that fits is enough. A scheme without keys takes part in nothing.
 */
export function verifySignature(
  delivery: SignedDelivery,
  active: readonly ActiveScheme[],
): SignatureProof {
  const claimed = active.filter(({ scheme, keys }) =>
    keys.length > 0 && delivery.headers.has(SCHEMES[scheme].header)
  );
  if (claimed.length === 0) return { kind: "absent" };
  const valid = claimed.find((each) => fits(delivery, each));
  return valid === undefined
    ? { kind: "wrong" }
    : { kind: "valid", scheme: valid.scheme };
}

function fits(
  delivery: SignedDelivery,
  { scheme, keys }: ActiveScheme,
): boolean {
  const description = SCHEMES[scheme];
  const offers = offersIn(
    delivery.headers.get(description.header) ?? "",
    description,
  );
  const expected = keys.flatMap((key) => readKey(key, description))
    .map((key) => sign(delivery, description, key));
  // Every pair is compared, so that the time does not tell which key fits.
  return expected.flatMap((signature) =>
    offers.map((offer) => isEqualInConstantTime(signature, offer))
  ).includes(true);
}

function offersIn(header: string, { encoding }: SchemeDescription): string[] {
  if (encoding === "hex") return [header.trim().toLowerCase()];
  if (encoding === "base64") return [header.trim()];
  return header.split(",", MAXIMUM_OFFERS).map((offer) => offer.trim())
    .filter((offer) => offer.startsWith("v1:"))
    .map((offer) => offer.slice("v1:".length));
}

function readKey(key: string, { keyReadings }: SchemeDescription): Buffer[] {
  return keyReadings.flatMap((reading) => {
    if (reading === "text") return Buffer.from(key, "utf8");
    return /^(?:[0-9a-f]{2})+$/i.test(key) ? Buffer.from(key, "hex") : [];
  });
}

function sign(
  { headers, body }: SignedDelivery,
  { algorithm, message, encoding }: SchemeDescription,
  key: Buffer,
): string {
  const hmac = createHmac(algorithm, key).update(body);
  if (message === "body-and-time") {
    hmac.update(`:${headers.get(TRANSMISSION_TIME) ?? ""}`);
  }
  return hmac.digest(encoding === "hex" ? "hex" : "base64");
}
