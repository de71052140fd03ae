import type { Config, SignatureScheme } from "../../config/config.ts";
import { AppError } from "../../http/app-error.ts";
import { describeEvent } from "../events.ts";
import { type SignedDelivery, verifySignature } from "./verify-signature.ts";

/**
 * Decides what a delivery's signature means under the configuration.
 *
 * @returns the scheme that proved the sender, or null when nothing did and nothing had to
 * @throws AppError `invalid_signature` for a wrong signature, and for a missing one when one is required
 */
export function requireSignature(
  delivery: SignedDelivery,
  { schemes, requireSignature }: Config["webhook"],
): SignatureScheme | null {
  const proof = verifySignature(delivery, schemes);
  switch (proof.kind) {
    case "valid":
      return proof.scheme;
    case "wrong":
      throw new AppError(
        "invalid_signature",
        "The signature does not fit the body; check the key and that the body is signed as it is sent.",
      );
    case "absent":
      if (!requireSignature) return null;
      throw new AppError(
        "invalid_signature",
        "WEBHOOK_REQUIRE_SIGNATURE is on and no active scheme's header came.",
      );
  }
}

/**
 * Refuses an event that Toss always signs and that comes without a proof of its sender, once there is a key to check
 * with: whoever sent it was not Toss. Source: Toss, 웹훅, signature header.
 *
 * @throws AppError `invalid_signature`
 */
export function requireProof(
  { eventType }: { eventType: string | null },
  provenBy: SignatureScheme | null,
  { hasSecurityKey }: Config["webhook"],
): void {
  const isSigned = describeEvent(eventType)?.isSigned ?? false;
  if (!isSigned || provenBy !== null || !hasSecurityKey) return;
  throw new AppError(
    "invalid_signature",
    "Toss signs every event of this type, and no signature came.",
  );
}
