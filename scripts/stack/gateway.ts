import { withBrowserAccess } from "./browser-access.ts";

/** One request to the Data API, for counting round trips. */
export interface RestRequest {
  method: string;
  /** Path and query, beginning with `/rest/v1`. */
  path: string;
}

/**
 * Stands between the gateway and what answers behind it: `forward` sends the
 * request on. For tests that cut, count or spoil at this boundary.
 */
export type Intercept = (
  request: Request,
  forward: () => Promise<Response>,
) => Promise<Response>;

/** What answers behind the gateway; both take the caller's address. */
export interface GatewayTargets {
  /** Answers `/rest/v1` and `/auth/v1`. */
  lite(request: Request, peerAddress: string): Promise<Response>;
  /** Answers `/functions/v1`. */
  functions(request: Request, peerAddress: string): Promise<Response>;
  onRestRequest(request: RestRequest): void;
  /** Meets every request to the Data API and to the functions. */
  intercept: Intercept;
}

/** The listening gateway. */
export interface Gateway {
  port: number;
  /** Opens the routes; before this every request is answered with 503. */
  open(targets: GatewayTargets): void;
  stop(): Promise<void>;
}

const GRACE_MS = 1000;

function refusal(status: number, message: string): Response {
  return Response.json({ message }, { status });
}

async function route(
  request: Request,
  targets: GatewayTargets,
  peerAddress: string,
): Promise<Response> {
  const url = new URL(request.url);
  if (/^\/functions\/v1\/./.test(url.pathname)) {
    return await targets.intercept(
      request,
      () => targets.functions(request, peerAddress),
    );
  }
  if (/^\/rest\/v1(\/|$)/.test(url.pathname)) {
    const path = url.pathname + url.search;
    return await withBrowserAccess(request, () => {
      targets.onRestRequest({ method: request.method, path });
      return targets.intercept(
        request,
        () => targets.lite(request, peerAddress),
      );
    });
  }
  if (/^\/auth\/v1(\/|$)/.test(url.pathname)) {
    return await withBrowserAccess(
      request,
      () => targets.lite(request, peerAddress),
    );
  }
  return refusal(404, "no Route matched with those values");
}

/**
 * Opens the one address of the stack on 127.0.0.1.
 *
 * `port` 0 takes a free one. Throws `Deno.errors.AddrInUse` when the port is
 * taken.
 */
export function startGateway(
  port: number,
  log: (line: string) => void,
): Gateway {
  let targets: GatewayTargets | null = null;
  const cut = new AbortController();
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port,
    signal: cut.signal,
    onListen: () => {},
    onError(error) {
      log(`gateway: ${error instanceof Error ? error.message : error}`);
      return refusal(500, "An unexpected error occurred");
    },
  }, (request, info) => {
    const peer = info.remoteAddr.hostname;
    if (targets === null) return refusal(503, "the stack is starting");
    return route(request, targets, peer);
  });
  return {
    port: server.addr.port,
    open(opened) {
      targets = opened;
    },
    async stop() {
      // A caller that keeps its connection open must not hold up the end.
      const timer = setTimeout(() => cut.abort(), GRACE_MS);
      await server.shutdown();
      clearTimeout(timer);
    },
  };
}
