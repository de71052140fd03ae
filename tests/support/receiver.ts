import type { Shop } from "./shop.ts";
import { callFunction } from "./call-function.ts";

/** One request that a receiver got. */
export interface Received {
  id: string;
  type: string;
  data: Record<string, unknown>;
  body: string;
  headers: Record<string, string>;
  at: number;
}

/** A shop's own server that hears of events. */
export interface Receiver {
  url: string;
  received: Received[];
  /** The types in the order in which they came. */
  types(): string[];
  stop(): Promise<void>;
}

/** Starts one on this machine; `answer` decides what it says, 204 by default. */
export function startReceiver(
  answer: (received: Received) => Response | Promise<Response> = () =>
    new Response(null, { status: 204 }),
): Receiver {
  const received: Received[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      const body = await request.text();
      const { type, data } = JSON.parse(body);
      const one: Received = {
        id: request.headers.get("webhook-id") ?? "",
        type,
        data,
        body,
        headers: Object.fromEntries(request.headers),
        at: Date.now(),
      };
      const response = await answer(one);
      if (response.ok) received.push(one);
      return response;
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}/events`,
    received,
    types: () => received.map(({ type }) => type),
    stop: () => server.shutdown(),
  };
}

/** Takes connections and does with them what no server should. */
export function startOddReceiver(
  handle: (connection: Deno.Conn) => Promise<void>,
): { url: string; connections(): number; stop(): void } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.Conn>();
  let count = 0;
  (async () => {
    for await (const connection of listener) {
      count += 1;
      open.add(connection);
      handle(connection).catch(() => {});
    }
  })().catch(() => {});
  const { port } = listener.addr as Deno.NetAddr;
  return {
    url: `http://127.0.0.1:${port}/events`,
    connections: () => count,
    stop() {
      listener.close();
      for (const connection of open) {
        try {
          connection.close();
        } catch {
          // Closed already.
        }
      }
    },
  };
}

/** Calls `webhook-endpoints` with the secret key. */
export function manage(shop: Shop, body: Record<string, unknown>) {
  return callFunction(shop, "webhook-endpoints", {
    body,
    headers: { apikey: shop.stack.secretKey },
  });
}

/** Makes an endpoint that must be taken. */
export async function addEndpoint(
  shop: Shop,
  url: string,
  more: Record<string, unknown> = {},
): Promise<{ id: string; secret: string }> {
  const { status, body } = await manage(shop, {
    action: "create",
    url,
    ...more,
  });
  if (status !== 201) throw new Error(JSON.stringify(body));
  return { id: String(body.id), secret: String(body.secret) };
}
