import type { EmailContent } from "../render/email.ts";
import { callProvider, type ProviderAnswer } from "./call-provider.ts";
import { notSent, type SendOutcome, unknown } from "./outcome.ts";

/** What {@link sendEmail} needs to know of the shop's account at Resend. */
export interface ResendAccount {
  apiKey: string;
  /** Without a trailing slash. */
  baseUrl: string;
  /** `Shop <notice@shop.example>`. */
  from: string;
}

/** One e-mail to one address. */
export interface Email extends EmailContent {
  /** Goes along as Idempotency-Key: the same id is sent once, whatever happens within 24 hours (Resend). */
  id: string;
  notice: string;
  to: string;
}

/** Resend's names of errors that the shop has to mend. */
const CONFIGURATION = new Set([
  "missing_api_key",
  "restricted_api_key",
  "invalid_api_key",
  "suspended_api_key",
  "invalid_from_address",
  "invalid_access",
  "invalid_region",
  "not_found",
  "method_not_allowed",
  "security_error",
]);

const LIMITS = new Set([
  "rate_limit_exceeded",
  "daily_quota_exceeded",
  "monthly_quota_exceeded",
]);

/**
 * Hands an e-mail to Resend (`POST /emails`). Never rejects.
 *
 * Source: Resend's API reference (send email, errors, rate limit, idempotency keys) and its SDK for Node.
 */
export async function sendEmail(
  fetcher: typeof fetch,
  account: ResendAccount,
  { id, notice, to, subject, text, html }: Email,
): Promise<SendOutcome> {
  const answer = await callProvider(fetcher, `${account.baseUrl}/emails`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${account.apiKey}`,
      "content-type": "application/json",
      "idempotency-key": id,
      "user-agent": "supabase-tosspayments",
    },
    body: JSON.stringify({
      from: account.from,
      to: [to],
      subject,
      text,
      html,
      tags: [{ name: "notice", value: notice }],
    }),
  });
  return answer === null ? unknown("no_answer") : judge(answer);
}

function judge(
  { status, body, retryAfterSeconds }: ProviderAnswer,
): SendOutcome {
  if (status >= 200 && status <= 299) {
    return typeof body?.id === "string"
      ? { kind: "sent", providerId: body.id }
      : unknown("unreadable_answer");
  }
  const name =
    typeof body?.name === "string" && /^[a-z_]{3,60}$/.test(body.name)
      ? body.name
      : `http_${status}`;
  // The key stands for an e-mail that Resend has taken already, with a text of before an update.
  if (name === "invalid_idempotent_request") {
    return { kind: "sent", providerId: null };
  }
  // The first request under this key is being worked on.
  if (name === "concurrent_idempotent_requests") return unknown(name);
  if (LIMITS.has(name) || status === 429) {
    return notSent("rate_limit", name, retryAfterSeconds);
  }
  if (status >= 500) return unknown(name);
  if (CONFIGURATION.has(name) || status === 401 || status === 403) {
    return notSent("configuration", name);
  }
  const message = typeof body?.message === "string" ? body.message : "";
  if (/`from`/.test(message)) return notSent("configuration", name);
  if (/`to`/.test(message)) return notSent("bad_address", name);
  return status >= 400 && status <= 499
    ? notSent("refused", name)
    : unknown(name);
}
