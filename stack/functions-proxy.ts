import type { FunctionsPool } from "./functions-pool.ts";

// Bodies up to this size are read before they are passed on, so that the
// function sees their Content-Length as on the platform.
const BUFFERED_BYTES = 4 * 1024 * 1024;

// RFC 9110, section 7.6.1: these speak about one connection only.
const HOP_HEADERS = [
  "connection",
  "content-length",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** Builds an answer of the platform itself, marked as such. */
export function platformError(
  status: number,
  code: string,
  message: string,
): Response {
  return Response.json({ code, message }, {
    status,
    headers: { "sb-error-code": code },
  });
}

function forwardedHeaders(request: Request, peerAddress: string): Headers {
  const headers = new Headers(request.headers);
  for (const name of HOP_HEADERS) headers.delete(name);
  const earlier = request.headers.get("x-forwarded-for");
  headers.set(
    "x-forwarded-for",
    earlier === null ? peerAddress : `${earlier}, ${peerAddress}`,
  );
  // Written by the platform's edge, whatever the caller sent.
  headers.set("cf-connecting-ip", peerAddress);
  headers.set("x-forwarded-host", new URL(request.url).host);
  headers.set("x-forwarded-proto", "http");
  headers.set("accept-encoding", "identity");
  return headers;
}

async function requestBody(request: Request): Promise<BodyInit | null> {
  const length = Number(request.headers.get("content-length") ?? Infinity);
  if (request.body === null || length > BUFFERED_BYTES) return request.body;
  return await request.arrayBuffer();
}

/**
 * Creates the route from `/functions/v1/<name>/…` to the functions process.
 *
 * The function sees `/<name>/…`. Every request has a connection of its own:
 * a pooled one lets `fetch` send a request twice when it breaks. When the
 * process dies before it has answered, the caller gets 502; after that the
 * caller's connection breaks as well.
 */
export function createFunctionsProxy(pool: FunctionsPool): {
  fetch(request: Request, peerAddress: string): Promise<Response>;
  stop(): void;
} {
  const client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  return {
    async fetch(request, peerAddress) {
      const url = new URL(request.url);
      const path = url.pathname.replace(/^\/functions\/v1/, "");
      try {
        const { port } = await pool.current();
        const answer = await fetch(
          `http://127.0.0.1:${port}${path}${url.search}`,
          {
            method: request.method,
            headers: forwardedHeaders(request, peerAddress),
            body: await requestBody(request),
            redirect: "manual",
            client,
          },
        );
        const headers = new Headers(answer.headers);
        for (const name of HOP_HEADERS) headers.delete(name);
        const { status, statusText } = answer;
        return new Response(answer.body, { status, statusText, headers });
      } catch {
        return platformError(
          502,
          "WORKER_ERROR",
          "Function exited due to an error (please check logs)",
        );
      }
    },
    stop: () => client.close(),
  };
}
