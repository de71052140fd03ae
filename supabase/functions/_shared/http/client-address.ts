import { isIP } from "node:net";

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
