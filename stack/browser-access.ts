const METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

// What supabase-js reads of an answer.
const EXPOSED_HEADERS =
  "content-range, content-profile, content-location, location, x-supabase-api-version, x-request-id, retry-after";

// An answer must say it once; what is behind the gateway says some of it too.
const OWN_HEADERS = /^access-control-/;

function isPreflight(request: Request): boolean {
  return request.method === "OPTIONS" &&
    request.headers.has("access-control-request-method");
}

/**
 * Opens Auth and the Data API to pages of every origin, as a hosted project does: a preflight is answered here, with
 * the headers that it asks for, and every other answer of `forward` may be read by the page that asked.
 *
 * Requests without an `Origin` are none of a page's and pass untouched.
 */
export async function withBrowserAccess(
  request: Request,
  forward: () => Promise<Response>,
): Promise<Response> {
  if (!request.headers.has("origin")) return await forward();
  if (isPreflight(request)) {
    return new Response(null, {
      status: 204,
      headers: {
        "access-control-allow-origin": "*",
        "access-control-allow-methods": METHODS,
        "access-control-allow-headers":
          request.headers.get("access-control-request-headers") ?? "",
        "access-control-max-age": "3600",
        vary: "access-control-request-headers",
      },
    });
  }
  const answer = await forward();
  const headers = new Headers(answer.headers);
  for (const name of answer.headers.keys()) {
    if (OWN_HEADERS.test(name)) headers.delete(name);
  }
  headers.set("access-control-allow-origin", "*");
  headers.set("access-control-expose-headers", EXPOSED_HEADERS);
  const { status, statusText } = answer;
  return new Response(answer.body, { status, statusText, headers });
}
