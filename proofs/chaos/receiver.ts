/** An event as somebody else's server got it. */
export interface ReceivedEvent {
  id: string;
  type: string;
}

/** A shop's own server that hears of events, and does not always take them the first time. */
export interface EventReceiver {
  url: string;
  /** Everything that came, in the order in which it came, repeats and what was not taken included. */
  received: ReceivedEvent[];
  stop(): Promise<void>;
}

/** So many of sixteen events are answered 503 the first time. */
const REFUSED_OF_SIXTEEN = 4;

/** Starts one on this machine. */
export function startEventReceiver(): EventReceiver {
  const received: ReceivedEvent[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      const id = request.headers.get("webhook-id") ?? "";
      const { type } = await request.json();
      const isFirst = !received.some((event) => event.id === id);
      received.push({ id, type });
      const isRefused = isFirst &&
        parseInt(id.charAt(0), 16) < REFUSED_OF_SIXTEEN;
      return new Response(null, { status: isRefused ? 503 : 204 });
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}/events`,
    received,
    stop: () => server.shutdown(),
  };
}
