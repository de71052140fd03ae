import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";

function randomBase64Url(bytes: number): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(bytes)))
    .toString("base64url");
}

/** A billing key; it ends in `=`, as Toss's often do, so that nobody forgets to encode it. */
export function newBillingKey(): string {
  return `${randomBase64Url(32)}=`;
}

/** An authKey of 56 characters. */
export function newAuthKey(): string {
  return `bln_${randomBase64Url(39)}`;
}

/** SHA-256 in hex. */
export function digestOf(billingKey: string): string {
  return createHash("sha256").update(billingKey).digest("hex");
}

/** As much of a billing key as a log may show. */
export function maskBillingKey(billingKey: string): string {
  return `${billingKey.slice(0, 6)}****`;
}
