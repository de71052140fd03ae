import { Webhook } from "standardwebhooks";

/** What signs what an endpoint gets, in the form of Standard Webhooks: `whsec_` and the base64 of 24 bytes. */
export function newSecret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  return `whsec_${btoa(String.fromCharCode(...bytes))}`;
}

/**
 * The three headers of Standard Webhooks over a body.
 *
 * Every secret signs, so that a receiver verifies with the old or the new one while they change. The time is real,
 * whatever time a run with test keys acts as of: receivers refuse what is older than five minutes.
 */
export function signatureHeaders(
  secrets: readonly string[],
  { id, body, at }: { id: string; body: string; at: Date },
): Record<string, string> {
  return {
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
    "webhook-signature": secrets.map((secret) =>
      new Webhook(secret).sign(id, at, body)
    ).join(" "),
  };
}
