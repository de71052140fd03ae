/** The language of messages: Korean unless `Accept-Language` asks otherwise. */
export type Language = "korean" | "english";

/** One request to the Toss API, read once. */
export interface ApiRequest {
  method: string;
  /** The path without query, percent-encoding kept. */
  path: string;
  query: URLSearchParams;
  headers: Headers;
  language: Language;
  /** The parsed JSON body; undefined when there is none or it is no JSON. */
  body: unknown;
  /** What the path or the body names, for matching faults. */
  paymentKey: string | undefined;
  billingKey: string | undefined;
  orderId: string | undefined;
}

const PATH_WITH_KEY = /^\/v1\/payments\/(?!orders\/|confirm$)([^/]+)/;
const PATH_WITH_BILLING_KEY = /^\/v1\/billing\/([^/]+)$/;
const PATH_WITH_ORDER = /^\/v1\/payments\/orders\/([^/]+)$/;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Undoes percent-encoding; malformed text stays as it is. */
export function decodeSegment(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function segmentOf(path: string, pattern: RegExp): string | undefined {
  const segment = pattern.exec(path)?.[1];
  return segment === undefined ? undefined : decodeSegment(segment);
}

function fieldOf(body: unknown, name: string): string | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const value: unknown = Reflect.get(body, name);
  return typeof value === "string" ? value : undefined;
}

/** Reads a fetch `Request` into an `ApiRequest`. */
export async function readApiRequest(request: Request): Promise<ApiRequest> {
  const url = new URL(request.url);
  const body = parseJson(await request.text());
  const wanted = request.headers.get("accept-language") ?? "";
  return {
    method: request.method,
    path: url.pathname,
    query: url.searchParams,
    headers: request.headers,
    language: wanted.toLowerCase().startsWith("en") ? "english" : "korean",
    body,
    paymentKey: segmentOf(url.pathname, PATH_WITH_KEY) ??
      fieldOf(body, "paymentKey"),
    billingKey: segmentOf(url.pathname, PATH_WITH_BILLING_KEY),
    orderId: segmentOf(url.pathname, PATH_WITH_ORDER) ??
      fieldOf(body, "orderId"),
  };
}
