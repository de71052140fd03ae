import { z } from "zod";
import { networkFault } from "../door/network-fault.ts";

/** What came back, or that nothing did. */
export type Answer =
  | {
    outcome: "answered";
    status: number;
    headers: Headers;
    /** The JSON body; null when there is none. */
    body: unknown;
    /** Whether one of our functions wrote it, rather than the platform or something in between. */
    isOurs: boolean;
    /** Milliseconds since 1970 on this machine, halfway between question and answer. */
    askedAt: number;
  }
  | { outcome: "unreachable"; reason: string };

/** One question over HTTP. */
export interface Question {
  url: string;
  /** @default GET */
  method?: string;
  headers?: Record<string, string>;
  /** Sent as JSON. */
  body?: unknown;
}

/** Asks one question; never throws. */
export type Ask = (question: Question) => Promise<Answer>;

/** A cold start and a slow line fit in; a person still waits for the result. */
const TIMEOUT_MILLISECONDS = 15_000;

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** What no platform writes: our error body, or the answer of `health`. */
const ourBody = z.union([
  z.object({
    code: z.string(),
    requestId: z.string(),
    retryable: z.boolean(),
  }),
  z.object({ status: z.string(), version: z.string() }),
]);

/**
 * Creates what all checks ask through.
 *
 * Each question carries a request id of its own, which our functions send back, so that a page of the platform or of
 * a proxy is not taken for an answer of ours. Where something on the way changes the id, the body tells.
 */
export function createAsk(send: typeof fetch): Ask {
  return async ({ url, method = "GET", headers = {}, body }) => {
    const requestId = `doctor-${crypto.randomUUID()}`;
    const startedAt = Date.now();
    try {
      const response = await send(url, {
        method,
        redirect: "manual",
        headers: {
          "x-request-id": requestId,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        body: body === undefined ? null : JSON.stringify(body),
        signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
      });
      const askedAt = (startedAt + Date.now()) / 2;
      const value = jsonOf(await response.text());
      return {
        outcome: "answered",
        status: response.status,
        headers: response.headers,
        body: value,
        isOurs: response.headers.get("x-request-id") === requestId ||
          ourBody.safeParse(value).success,
        askedAt,
      };
    } catch (error) {
      const reason = error instanceof Error && error.name === "TimeoutError"
        ? `no answer within ${TIMEOUT_MILLISECONDS / 1000} s`
        : networkFault(error)?.reason ?? String(error);
      return { outcome: "unreachable", reason };
    }
  };
}

/** A text field of a JSON object; null when it is not there. */
export function field(value: unknown, name: string): string | null {
  const found: unknown = Object(value)[name];
  return typeof found === "string" ? found : null;
}

const ERROR_CODE = /^\w{1,60}$/;

/** An answer in a few words, for a finding: its status and its code, never its text. */
export function describeAnswer(answer: Answer): string {
  if (answer.outcome === "unreachable") return answer.reason;
  const code = answer.headers.get("sb-error-code") ??
    field(answer.body, "code") ?? "";
  return ERROR_CODE.test(code)
    ? `HTTP ${answer.status} ${code}`
    : `HTTP ${answer.status}`;
}
