/** What supabase-js and a region-aware caller send. */
const ALLOWED_HEADERS = [
  "authorization",
  "apikey",
  "content-type",
  "x-client-info",
  "x-region",
  "x-request-id",
  "x-supabase-api-version",
  "traceparent",
  "tracestate",
  "baggage",
].join(", ");

/**
 * The CORS headers for a request, empty when its origin is not allowed.
 *
 * @param allowedOrigins origins without a trailing slash, or `*`
 */
export function corsHeaders(
  request: Request,
  allowedOrigins: readonly string[],
): Record<string, string> {
  const origin = request.headers.get("origin");
  const headers: Record<string, string> = { vary: "origin" };
  if (origin === null) return headers;
  if (!allowedOrigins.includes("*") && !allowedOrigins.includes(origin)) {
    return headers;
  }
  return {
    ...headers,
    "access-control-allow-origin": allowedOrigins.includes("*") ? "*" : origin,
    "access-control-allow-headers": ALLOWED_HEADERS,
    "access-control-allow-methods": "GET, POST, DELETE, OPTIONS",
    "access-control-expose-headers": "x-request-id, retry-after",
    "access-control-max-age": "86400",
  };
}
