import type { DerivedSigner } from "./derived-signer.ts";

/** HKDF's info: a signature for anything else opens no request for consent. */
export const CONSENT_TOKEN_PURPOSE = "supabase-tosspayments consent";

const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Writes what the link of a notice carries: whoever has it may answer this one request.
 *
 * When it ceases to work stands in the row of the request: with its date, with its first use, or when the request is
 * replaced.
 */
export async function writeConsentToken(
  signer: DerivedSigner,
  consentId: string,
): Promise<string> {
  return `${consentId}.${await signer.sign(consentId)}`;
}

/** The id of the request that a {@link writeConsentToken} token is for; null for anything else. */
export async function readConsentToken(
  signer: DerivedSigner,
  token: string,
): Promise<string | null> {
  const [consentId = "", signature = "", ...rest] = token.split(".");
  const isOurs = rest.length === 0 && ID.test(consentId) &&
    await signer.isSignatureOf(consentId, signature);
  return isOurs ? consentId : null;
}
