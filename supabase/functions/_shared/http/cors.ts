/** What supabase-js and a region-aware caller send; for a preflight that asks for nothing by name. */
const USUAL_HEADERS = [
  "authorization",
  "apikey",
  "content-type",
  "x-client-info",
  "x-region",
  "x-request-id",
  "x-retry-count",
  "x-supabase-api-version",
  "traceparent",
  "tracestate",
  "baggage",
].join(", ");

/**
 * The CORS headers for a request, empty when its origin is not allowed.
 *
 * A preflight allows the headers that it asks for: no header of a request grants anything here, and the next release
 * of supabase-js, or a tracing library, may send one that no list foresees.
 *
 * @param allowedOrigins origins without a trailing slash, or `*`
 */
export function corsHeaders(
  request: Request,
  allowedOrigins: readonly string[],
): Record<string, string> {
  const origin = request.headers.get("origin");
  // Caches in between must not answer one page with what was allowed to another.
  const vary = "origin, access-control-request-headers";
  if (origin === null) return { vary };
  if (!allowedOrigins.includes("*") && !allowedOrigins.includes(origin)) {
    return { vary };
  }
  return {
    vary,
    "access-control-allow-origin": allowedOrigins.includes("*") ? "*" : origin,
    "access-control-allow-headers":
      request.headers.get("access-control-request-headers") || USUAL_HEADERS,
    "access-control-allow-methods": "GET, POST, DELETE, OPTIONS",
    "access-control-expose-headers": "x-request-id, retry-after",
    "access-control-max-age": "86400",
  };
}
