import { isIP } from "node:net";
import type { Config } from "../config/config.ts";
import { AppError } from "../http/app-error.ts";
import { isEqualInConstantTime } from "../security/timing-safe-equal.ts";

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
function canonicalAddress(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  // A zone names a network card of the machine that wrote it, which is no part of a URL.
  const [plain = ""] = address.split("%");
  return isIP(plain) === 6 ? new URL(`http://[${plain}]`).hostname : plain;
}

/**
 * Lets a delivery pass by where it comes from and by the token in the address it was sent to.
 *
 * Both checks are off while their variable is empty. Addresses first: they cost nobody a guess.
 *
 * @throws AppError `ip_not_allowed` or `unauthorized`
 */
export function checkSender(
  request: Request,
  { allowedIps, clientIpHeader, urlToken }: Config["webhook"],
): void {
  if (allowedIps.length > 0) {
    const address = clientAddress(request.headers, clientIpHeader);
    const isAllowed = address !== null &&
      allowedIps.some((allowed) => canonicalAddress(allowed) === address);
    if (!isAllowed) {
      throw new AppError(
        "ip_not_allowed",
        address === null
          ? `No address came in the header ${clientIpHeader}; WEBHOOK_CLIENT_IP_HEADER names another.`
          : `${address} is not in WEBHOOK_ALLOWED_IPS.`,
      );
    }
  }
  if (urlToken !== undefined) {
    const token = new URL(request.url).searchParams.get("token");
    if (!isEqualInConstantTime(token ?? "", urlToken)) {
      throw new AppError(
        "unauthorized",
        "The address must end with ?token= and the value of WEBHOOK_URL_TOKEN.",
      );
    }
  }
}
