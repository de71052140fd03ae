import { Hono } from "hono";
import { cors } from "hono/cors";
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

/** What a request brings along beside itself. */
interface Environment {
  Bindings: { peerAddress: string };
}

/** Opens Auth and the Data API to pages of every origin, as a hosted project does. */
const PAGES = cors({
  origin: "*",
  allowMethods: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
  // What supabase-js reads of an answer.
  exposeHeaders: [
    ...["content-range", "content-profile", "content-location", "location"],
    ...["x-supabase-api-version", "x-request-id", "retry-after"],
  ],
  maxAge: 3600,
});

function createRoutes(targets: GatewayTargets): Hono<Environment> {
  const { intercept, lite, functions, onRestRequest } = targets;
  const app = new Hono<Environment>();
  for (const path of ["/rest/v1/*", "/auth/v1/*"]) {
    // What brings no origin is none of a page's and passes untouched.
    app.use(
      path,
      (c, next) => c.req.header("origin") ? PAGES(c, next) : next(),
    );
  }
  app.all(
    "/functions/v1/:name{.+}",
    ({ req: { raw }, env }) =>
      intercept(raw, () => functions(raw, env.peerAddress)),
  );
  app.all("/rest/v1/*", ({ req: { raw }, env }) => {
    const { pathname, search } = new URL(raw.url);
    onRestRequest({ method: raw.method, path: pathname + search });
    return intercept(raw, () => lite(raw, env.peerAddress));
  });
  app.all("/auth/v1/*", ({ req: { raw }, env }) => lite(raw, env.peerAddress));
  return app.notFound(() => refusal(404, "no Route matched with those values"))
    .onError((error) => {
      throw error;
    });
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
  let routes: Hono<Environment> | null = null;
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
      if (targets === null || routes === null) {
        return refusal(503, "the stack is starting");
      }
      const peerAddress = info.remoteAddr.hostname;
      return guard(request, targets) ?? routes.fetch(request, { peerAddress });
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
      routes = createRoutes(opened);
    },
    async stop() {
      // A caller that keeps its connection open must not hold up the end.
      const timer = setTimeout(() => cut.abort(), GRACE_MS);
      await Promise.all(servers.map((server) => server.shutdown()));
      clearTimeout(timer);
    },
  };
}
