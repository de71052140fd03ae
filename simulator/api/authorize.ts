import { Buffer } from "node:buffer";
import type { KeyPair } from "../options.ts";

/** Who calls, or the code with which the call is refused. */
export type Authorization =
  | { kind: "known"; keyPair: KeyPair }
  | {
    kind: "refused";
    code: "UNAUTHORIZED_KEY" | "INCORRECT_BASIC_AUTH_FORMAT";
  };

/**
 * Reads the Basic header `base64("{secretKey}:")`.
 * A missing header counts as an unknown key: the error table and a third
 * party's measurement say 401, against one sentence of the docs (403).
 * Source: Toss docs, using-api/authorization and error codes.
 */
export function authorize(
  keyPairs: readonly KeyPair[],
  header: string | null,
): Authorization {
  const token = /^Basic (.+)$/i.exec(header ?? "")?.[1];
  if (token === undefined) {
    return { kind: "refused", code: "UNAUTHORIZED_KEY" };
  }
  const [user, password] = Buffer.from(token, "base64").toString().split(":");
  if (password === undefined) {
    return { kind: "refused", code: "INCORRECT_BASIC_AUTH_FORMAT" };
  }
  const keyPair = keyPairs.find((pair) => pair.secretKey === user);
  return keyPair === undefined || password !== ""
    ? { kind: "refused", code: "UNAUTHORIZED_KEY" }
    : { kind: "known", keyPair };
}
