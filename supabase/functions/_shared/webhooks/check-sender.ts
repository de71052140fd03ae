import type { Config } from "../config/config.ts";
import { AppError } from "../http/app-error.ts";
import { canonicalAddress, clientAddress } from "../http/client-address.ts";
import { isEqualInConstantTime } from "../security/timing-safe-equal.ts";

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
