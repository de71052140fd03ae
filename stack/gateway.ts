import { withBrowserAccess } from "./browser-access.ts";
import { guardRequest, guardWebhookPort } from "./gateway-guard.ts";

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
  /** The key that no page may use. */
  secretKey: string;
  /** Meets every request to the Data API and to the functions. */
  intercept: Intercept;
}

/** The listening gateway. */
export interface Gateway {
  port: number;
  /** The port that takes webhooks alone; null = none. */
  webhookPort: number | null;
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

/** What {@linkcode startGateway} needs. Port 0 takes a free one. */
export interface GatewayOptions {
  port: number;
  /** A second port for a tunnel, which takes `POST webhook` and nothing else; undefined = none. */
  webhookPort?: number | undefined;
  log: (line: string) => void;
}

/**
 * Opens the one address of the stack on 127.0.0.1, and the one for a tunnel.
 *
 * Throws `Deno.errors.AddrInUse` when a port is taken.
 */
export function startGateway(
  { port, webhookPort, log }: GatewayOptions,
): Gateway {
  let targets: GatewayTargets | null = null;
  const cut = new AbortController();
  const serve = (
    onPort: number,
    guard: (request: Request, opened: GatewayTargets) => Response | null,
  ) =>
    Deno.serve({
      hostname: "127.0.0.1",
      port: onPort,
      signal: cut.signal,
      onListen: () => {},
      onError(error) {
        log(`gateway: ${error instanceof Error ? error.message : error}`);
        return refusal(500, "An unexpected error occurred");
      },
    }, (request, info) => {
      if (targets === null) return refusal(503, "the stack is starting");
      return guard(request, targets) ??
        route(request, targets, info.remoteAddr.hostname);
    });
  const servers = [serve(port, guardRequest)];
  if (webhookPort !== undefined) {
    servers.push(serve(webhookPort, guardWebhookPort));
  }
  const [main, webhook] = servers.map((server) => server.addr.port);
  return {
    port: main ?? port,
    webhookPort: webhook ?? null,
    open(opened) {
      targets = opened;
    },
    async stop() {
      // A caller that keeps its connection open must not hold up the end.
      const timer = setTimeout(() => cut.abort(), GRACE_MS);
      await Promise.all(servers.map((server) => server.shutdown()));
      clearTimeout(timer);
    },
  };
}
