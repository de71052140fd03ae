import type { SignatureScheme } from "../../config/config.ts";

/** How one scheme signs a body. Which variable holds its keys stands in `config/environment.ts`. */
export interface SchemeDescription {
  /** Name of the header, in lower case. */
  header: string;
  algorithm: "sha256" | "sha512";
  /** `body-and-time`: the raw body, a colon, and the text of the transmission-time header. */
  message: "body" | "body-and-time";
  /** `v1-list`: base64 values, each behind `v1:`, separated by commas. */
  encoding: "hex" | "base64" | "v1-list";
  /** How a key's text becomes bytes; a signature by either reading counts. */
  keyReadings: readonly ("text" | "hex")[];
}

/** Header of the time that `body-and-time` signs (Toss: webhook headers). */
export const TRANSMISSION_TIME = "tosspayments-webhook-transmission-time";

/**
 * Every way a webhook can be signed.
 *
 * `toss-v1` is Toss's own, for payout and seller events; that its key is read in two ways is explained in
 * docs/decisions/0010-security-key-read-as-text-and-hex.md. The others are for relays that follow older guides.
 */
export const SCHEMES: Readonly<Record<SignatureScheme, SchemeDescription>> = {
  "toss-v1": {
    header: "tosspayments-webhook-signature",
    algorithm: "sha256",
    message: "body-and-time",
    encoding: "v1-list",
    keyReadings: ["text", "hex"],
  },
  "sha512-hex-body": {
    header: "tosspayments-signature",
    algorithm: "sha512",
    message: "body",
    encoding: "hex",
    keyReadings: ["text"],
  },
  "sha256-hex-body-time": {
    header: "tosspayments-webhook-signature",
    algorithm: "sha256",
    message: "body-and-time",
    encoding: "hex",
    keyReadings: ["text"],
  },
  "sha256-hex-body": {
    header: "x-tosspayments-signature",
    algorithm: "sha256",
    message: "body",
    encoding: "hex",
    keyReadings: ["text"],
  },
  "sha256-base64-body": {
    header: "x-tosspayments-signature",
    algorithm: "sha256",
    message: "body",
    encoding: "base64",
    keyReadings: ["text"],
  },
};
