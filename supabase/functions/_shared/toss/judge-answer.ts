import { z } from "zod";
import { describeTossError } from "./error-catalogue.ts";
import type { TossOutcome, TossUnknown, UnknownReason } from "./outcome.ts";
import { unreadFields } from "./side-fields.ts";
import { cutText, storableText } from "./storable-text.ts";

/** A complete HTTP answer; `body` is null when it exceeded the size limit. */
export type RawAnswer = {
  readonly status: number;
  readonly body: string | null;
  readonly traceId: string | null;
};

// Toss documents messages of at most 510 characters; more is not Toss's text.
const MESSAGE_LIMIT = 510;

const ERROR_BODY = z.looseObject({
  code: z.string().min(1).max(200).transform(storableText),
  message: z.string().catch("")
    .transform((message) => cutText(storableText(message), MESSAGE_LIMIT)),
});

type ErrorBody = z.output<typeof ERROR_BODY>;

/**
 * Judges an HTTP answer of Toss by its code first and its status second.
 *
 * A refusal needs Toss's own error body: a 4xx page of a proxy proves nothing
 * about the payment. 5xx, 409, 429, and every code whose class is `unknown`
 * leave the outcome unknown, because 400 also carries temporary errors
 * (PROVIDER_ERROR) and a payment can exist behind any of them.
 *
 * @param schema parses the body of a 200; an empty body arrives as undefined.
 */
export function judgeAnswer<Value>(
  raw: RawAnswer,
  schema: z.ZodType<Value>,
): TossOutcome<Value> {
  if (raw.status === 200) return judgeSuccess(raw, schema);
  const error = ERROR_BODY.safeParse(parseJson(raw.body));
  const body = error.success ? error.data : null;
  const reason = unknownReason(raw.status, body);
  if (reason !== null || body === null) {
    return unknown(raw, reason ?? "unreadable", body);
  }
  return {
    kind: "refused",
    status: raw.status,
    code: body.code,
    message: body.message,
    failure: describeTossError(body.code, raw.status),
    answered: true,
    traceId: raw.traceId,
  };
}

function judgeSuccess<Value>(
  raw: RawAnswer,
  schema: z.ZodType<Value>,
): TossOutcome<Value> {
  const json = parseJson(raw.body);
  if (json === UNREADABLE) return unknown(raw, "unreadable", null);
  const parsed = schema.safeParse(json);
  if (!parsed.success) return unknown(raw, "unreadable", null);
  const unread = unreadFields(json, parsed.data);
  return {
    kind: "answered",
    value: parsed.data,
    traceId: raw.traceId,
    ...(unread.length === 0 ? {} : { unreadFields: unread }),
  };
}

function unknownReason(
  status: number,
  body: ErrorBody | null,
): UnknownReason | null {
  if (body?.code === "IDEMPOTENT_REQUEST_PROCESSING") return "in_progress";
  if (status === 409) return "in_progress";
  if (status === 429) return "rate_limited";
  if (body?.code === "FORBIDDEN_CONSECUTIVE_REQUEST") return "rate_limited";
  if (status >= 500) return "server_error";
  if (status < 400 || body === null) return "unreadable";
  const failure = describeTossError(body.code, status);
  return failure.class === "unknown" ? "temporary" : null;
}

function unknown(
  raw: RawAnswer,
  reason: UnknownReason,
  body: ErrorBody | null,
): TossUnknown {
  const text = body === null
    ? `Toss answered ${raw.status} with a body that is not its own format.`
    : body.message;
  return {
    kind: "unknown",
    reason,
    status: raw.status,
    ...(body === null ? {} : { code: body.code }),
    answered: body !== null && raw.status >= 400 && reason !== "in_progress",
    message: text,
    traceId: raw.traceId,
  };
}

// Kept apart from undefined, which stands for an empty body: some calls expect
// that one, and garbage must not pass for it.
const UNREADABLE = Symbol("unreadable");

function parseJson(body: string | null): unknown {
  if (body === null) return UNREADABLE;
  if (body === "") return undefined;
  try {
    return JSON.parse(body);
  } catch {
    return UNREADABLE;
  }
}
