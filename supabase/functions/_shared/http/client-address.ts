import { isIP } from "node:net";
import type { Services } from "../services.ts";
import type { Caller } from "./authenticate.ts";

/**
 * The address of whoever connected to the platform, or null when the configured header does not tell.
 *
 * Only a header that the platform itself writes counts. In a list (`x-forwarded-for`) that is the last entry:
 * everything before it came from outside and can be invented. docs/webhooks.md says which header to take where.
 */
export function clientAddress(headers: Headers, header: string): string | null {
  const text = headers.get(header)?.split(",").at(-1)?.trim() ?? "";
  return isIP(text) === 0 ? null : canonicalAddress(text);
}

/** One spelling per address: IPv4 inside IPv6 becomes IPv4, IPv6 its short form. */
export function canonicalAddress(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  // A zone names a network card of the machine that wrote it, which is no part of a URL.
  const [plain = ""] = address.split("%");
  return isIP(plain) === 6 ? new URL(`http://[${plain}]`).hostname : plain;
}

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
