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
  /** The payment the path or the body names, for matching faults. */
  paymentKey: string | undefined;
}

const PATH_WITH_KEY = /^\/v1\/payments\/(?!orders\/|confirm$)([^/]+)/;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function paymentKeyOf(path: string, body: unknown): string | undefined {
  const inPath = PATH_WITH_KEY.exec(path)?.[1];
  if (inPath !== undefined) return inPath;
  if (typeof body !== "object" || body === null) return undefined;
  if (!("paymentKey" in body)) return undefined;
  return typeof body.paymentKey === "string" ? body.paymentKey : undefined;
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
    paymentKey: paymentKeyOf(url.pathname, body),
  };
}
