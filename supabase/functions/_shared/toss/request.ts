import type { z } from "zod";
import { apiVersion } from "./api-version.ts";
import { judgeAnswer, type RawAnswer } from "./judge-answer.ts";
import { isKeyFault } from "./keys.ts";
import type { TossOutcome, TossUnknown } from "./outcome.ts";
import { readText } from "./read-text.ts";

/** The part of a logger that the client uses; fields carry no secrets. */
export type TossLogger = {
  info(event: string, fields: Record<string, unknown>): void;
  warn(event: string, fields: Record<string, unknown>): void;
  error(event: string, fields: Record<string, unknown>): void;
};

/** How to reach Toss. */
export type TossConnection = {
  readonly secretKey: string;
  /** Without a path, e.g. `https://api.tosspayments.com`. */
  readonly baseUrl: string;
  /** Milliseconds for the whole exchange, headers and body together. */
  readonly timeoutMs: number;
  /** @default {globalThis.fetch} */
  readonly fetch?: typeof globalThis.fetch;
  readonly logger?: TossLogger;
  /** Milliseconds, for the duration in the log. @default {performance.now} */
  readonly now?: () => number;
};

/** The key under which Toss replays its first answer for 15 days. */
export type Idempotency = { readonly idempotencyKey: string };

/** One call. */
export type TossCall<Value> = {
  /** Name for the log; paths can hold billing keys and are never logged. */
  readonly operation: string;
  readonly method: "GET" | "POST" | "DELETE";
  /** Begins with a slash; variable parts through `pathSegment()`. */
  readonly path: string;
  readonly body?: unknown;
  readonly idempotencyKey?: string;
  /** Parses the JSON of a 200; an empty body arrives as undefined. */
  readonly schema: z.ZodType<Value>;
};

/** Sends one call to Toss and says how it ended. */
export type TossRequest = <Value>(
  call: TossCall<Value>,
) => Promise<TossOutcome<Value>>;

// A payment takes a few KiB, a page of 1000 transactions about half of this.
const BODY_LIMIT = 1024 * 1024;

/**
 * Makes the function through which every call to Toss goes.
 *
 * It sends once and never throws for what the network or Toss does; only a
 * malformed argument throws (a RangeError, before anything is sent). The time
 * budget is `timeoutMs` from start to the last byte of the body, 60 s by
 * default as Toss advises; no retry is hidden in it. Deno's `fetch` may itself
 * repeat a POST on a broken pooled connection, so each POST carries an
 * Idempotency-Key. Redirects are not followed: they would carry the secret key
 * elsewhere. Accept-Language is not sent, since it changes the values of some
 * fields ("요청 및 응답").
 */
export function createTossRequest(connection: TossConnection): TossRequest {
  const send = connection.fetch ?? globalThis.fetch;
  const now = connection.now ?? (() => performance.now());
  const authorization = `Basic ${basicToken(connection.secretKey)}`;
  const base = connection.baseUrl.replace(/\/+$/, "");

  return async (call) => {
    const request = buildRequest(call, { authorization, base });
    const startedAt = now();
    const signal = AbortSignal.timeout(connection.timeoutMs);
    const raw = await exchange(() => send(request, { signal }), signal);
    const outcome = "kind" in raw ? raw : judgeAnswer(raw, call.schema);
    const fields = {
      operation: call.operation,
      outcome: outcome.kind,
      durationMs: Math.round(now() - startedAt),
      traceId: outcome.traceId,
      ...("status" in outcome ? { status: outcome.status } : {}),
      ...("code" in outcome ? { tossCode: outcome.code } : {}),
      ...("reason" in outcome ? { reason: outcome.reason } : {}),
    };
    const level = outcome.kind === "unknown" ? "warn" : "info";
    connection.logger?.[level]("toss_request", fields);
    if (outcome.kind === "refused" && isKeyFault(outcome.code)) {
      connection.logger?.error("toss_refuses_our_key", {
        tossCode: outcome.code,
      });
    }
    if (outcome.kind === "answered" && outcome.unreadFields !== undefined) {
      connection.logger?.warn("toss_fields_unread", {
        operation: call.operation,
        fields: outcome.unreadFields,
        count: outcome.unreadFields.length,
        apiVersion: apiVersion(outcome.value),
        traceId: outcome.traceId,
      });
    }
    return outcome;
  };
}

function basicToken(secretKey: string): string {
  // The colon ends the user name; the password is empty ("인증").
  const bytes = new TextEncoder().encode(`${secretKey}:`);
  return btoa(String.fromCharCode(...bytes));
}

function buildRequest<Value>(
  call: TossCall<Value>,
  target: { authorization: string; base: string },
): Request {
  const headers: Record<string, string> = {
    "authorization": target.authorization,
    "accept": "application/json",
    "user-agent": "supabase-tosspayments",
  };
  if (call.idempotencyKey !== undefined) {
    if (!/^[\x21-\x7e]{1,300}$/.test(call.idempotencyKey)) {
      throw new RangeError(
        "An Idempotency-Key has 1 to 300 printable ASCII characters",
      );
    }
    headers["idempotency-key"] = call.idempotencyKey;
  }
  if (call.body !== undefined) headers["content-type"] = "application/json";
  return new Request(`${target.base}${call.path}`, {
    method: call.method,
    headers,
    redirect: "manual",
    ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
  });
}

async function exchange(
  send: () => Promise<Response>,
  signal: AbortSignal,
): Promise<RawAnswer | TossUnknown> {
  try {
    const response = await send();
    return {
      status: response.status,
      body: await readText(response, BODY_LIMIT),
      traceId: response.headers.get("x-tosspayments-trace-id"),
    };
  } catch {
    // The error's own text is dropped: it repeats the URL, which can hold a
    // billing key.
    return {
      kind: "unknown",
      reason: signal.aborted ? "timeout" : "network",
      answered: false,
      message: signal.aborted
        ? "Toss did not finish its answer within the time limit."
        : "The connection to Toss ended before a complete answer arrived.",
      traceId: null,
    };
  }
}
