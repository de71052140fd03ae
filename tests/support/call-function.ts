import { assertDescribed } from "./described-answer.ts";
import type { Shop } from "./shop.ts";

/** An answer of an edge function; `body` is `{}` when there is none. */
export interface Answer {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
}

/** What differs from a plain JSON POST. */
export interface CallOptions {
  /** @default POST */
  method?: string;
  headers?: Record<string, string>;
  /** Sent as it is; anything but a text or stream goes out as JSON. */
  body?: unknown;
  /** Below the function, for example `?orderId=…`. */
  path?: string;
}

function bodyInit(body: unknown): BodyInit | null {
  if (body === undefined) return null;
  return typeof body === "string" || body instanceof ReadableStream
    ? body
    : JSON.stringify(body);
}

async function readBody(response: Response): Promise<Answer["body"]> {
  const text = await response.text();
  if (text === "") return {};
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null) {
    throw new Error(`not a JSON object: ${text}`);
  }
  return { ...value };
}

/**
 * Calls an edge function through the gateway; redirects are answered, not followed.
 *
 * Every answer is compared with the API document.
 */
export async function callFunction(
  { stack }: Shop,
  name: string,
  { method = "POST", headers = {}, body, path = "" }: CallOptions = {},
): Promise<Answer> {
  const response = await fetch(`${stack.functionsUrl}/${name}${path}`, {
    method,
    redirect: "manual",
    headers: { "content-type": "application/json", ...headers },
    body: bodyInit(body),
  });
  const answer: Answer = {
    status: response.status,
    headers: response.headers,
    body: await readBody(response),
  };
  if (method !== "HEAD" && method !== "OPTIONS") {
    assertDescribed({ name, method, path }, answer);
  }
  return answer;
}
