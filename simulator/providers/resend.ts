import { Hono } from "hono";
import { brokenAnswer, type ProviderState } from "./mailbox.ts";

/** Resend forgets an Idempotency-Key after this long (Resend: idempotency keys). */
const KEY_LIFETIME_MS = 24 * 3_600_000;

interface Kept {
  id: string;
  body: string;
  at: number;
}

const ADDRESS = /^(?:[^<>]*<)?[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+>?$/;

/**
 * A Resend of which nothing but `POST /emails` is needed. Source: its API reference (send email, errors, rate limit,
 * idempotency keys).
 */
export function resendRoutes(state: ProviderState): Hono {
  const app = new Hono();
  const keys = new Map<string, Kept>();
  const refuse = (
    statusCode: number,
    name: string,
    message: string,
    headers: Record<string, string> = {},
  ) =>
    new Response(JSON.stringify({ statusCode, name, message }), {
      status: statusCode,
      headers: { "content-type": "application/json", ...headers },
    });

  app.post("/emails", async (c) => {
    state.requests.push({
      provider: "resend",
      method: "POST",
      path: "/emails",
    });
    const given = c.req.header("authorization") ?? "";
    if (given === "") {
      return refuse(401, "missing_api_key", "Missing API Key");
    }
    if (!/^Bearer re_\w+$/.test(given) || state.take("resend", "bad_key")) {
      return refuse(403, "invalid_api_key", "API key is invalid");
    }
    if (state.take("resend", "rate_limit")) {
      return refuse(429, "rate_limit_exceeded", "Too many requests.", {
        "retry-after": "1",
      });
    }
    if (state.take("resend", "quota")) {
      return refuse(429, "daily_quota_exceeded", "The daily quota is used up.");
    }
    if (state.take("resend", "outage")) {
      return refuse(
        500,
        "internal_server_error",
        "An unexpected error occurred.",
      );
    }
    if (state.take("resend", "lose_before")) return brokenAnswer();
    const hang = state.take("resend", "hang");
    if (hang !== undefined) await pause(hang.milliseconds ?? 15_000);
    const answer = accept(await c.req.text(), c.req.header("idempotency-key"));
    return state.take("resend", "lose_after") ? brokenAnswer() : answer;
  });
  app.notFound(() =>
    refuse(404, "not_found", "The requested endpoint does not exist.")
  );
  return app;

  function accept(body: string, key: string | undefined): Response {
    if (key !== undefined && (key === "" || key.length > 256)) {
      return refuse(
        400,
        "invalid_idempotency_key",
        "The key must be between 1-256 chars.",
      );
    }
    const kept = key === undefined ? undefined : keys.get(key);
    if (kept !== undefined && state.now() - kept.at < KEY_LIFETIME_MS) {
      return kept.body === body ? Response.json({ id: kept.id }) : refuse(
        409,
        "invalid_idempotent_request",
        "Same idempotency key used with a different request payload.",
      );
    }
    const email = JSON.parse(body);
    const [to] = [email.to].flat();
    if (
      typeof email.from !== "string" || !ADDRESS.test(email.from) ||
      state.take("resend", "bad_sender")
    ) {
      return refuse(422, "validation_error", "Invalid `from` field.");
    }
    if (
      typeof to !== "string" || !ADDRESS.test(to) || to.endsWith(".invalid") ||
      state.take("resend", "bad_address")
    ) {
      return refuse(422, "validation_error", "Invalid `to` field.");
    }
    if (
      typeof email.subject !== "string" ||
      (email.text ?? email.html) === undefined
    ) {
      return refuse(
        422,
        "missing_required_field",
        "Missing `subject`, `html` or `text` field.",
      );
    }
    const id = crypto.randomUUID();
    if (key !== undefined) keys.set(key, { id, body, at: state.now() });
    state.keep({
      id,
      provider: "resend",
      to,
      from: email.from,
      type: "EMAIL",
      subject: email.subject,
      text: email.text ?? "",
      html: email.html ?? null,
      templateId: null,
      reference: key ?? null,
    });
    return Response.json({ id });
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
