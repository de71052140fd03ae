import { isIP } from "node:net";
import type { Services } from "../services.ts";
import { clientAddress } from "./client-address.ts";
import type { Caller } from "./authenticate.ts";

/**
 * What one caller's refused attempts are counted under: a digest of the network that the platform saw, which only a
 * holder of the encryption keys could make.
 *
 * @returns null where nobody is to be counted: a server of the shop's own with the secret key, or an address that
 * the platform does not tell
 */
export function callerDigest(
  request: Request,
  caller: Caller,
  { config, keyring }: Services,
): string | null {
  if (caller.kind === "secret") return null;
  const address = clientAddress(
    request.headers,
    config.webhook.clientIpHeader,
  );
  if (address === null) return null;
  return keyring.digests(`caller:${networkOf(address)}`)[0] ?? null;
}

/** An IPv4 address, or the /64 of an IPv6 address: a household has that many addresses of its own. */
export function networkOf(address: string): string {
  const plain = address.replace(/^\[|\]$/g, "");
  if (isIP(plain) !== 6) return plain;
  const [head = "", tail] = plain.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array<string>(Math.max(0, 8 - left.length - right.length))
    .fill("0");
  return [...left, ...zeros, ...right].slice(0, 4).join(":");
}
