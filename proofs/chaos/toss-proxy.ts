import type { Cutter } from "./cutter.ts";

/** A proxy between the functions and the simulator. */
export interface TossProxy {
  url: string;
  stop(): void;
}

interface RawRequest {
  head: string;
  body: Uint8Array;
}

const HEAD_END = "\r\n\r\n";

function joined(chunks: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const size = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}

/** Reads one request; null when the caller left before it was complete. */
async function readRequest(
  stream: ReadableStream<Uint8Array>,
): Promise<RawRequest | null> {
  const reader = stream.getReader();
  const chunks: Uint8Array[] = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return null;
    chunks.push(value);
    const bytes = joined(chunks);
    const text = new TextDecoder("latin1").decode(bytes);
    const end = text.indexOf(HEAD_END);
    if (end < 0) continue;
    const head = text.slice(0, end);
    const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
    const body = bytes.slice(end + HEAD_END.length);
    if (body.length < length) continue;
    reader.releaseLock();
    return { head, body };
  }
}

/** Names a request by how its head begins; the first that fits. */
const CALL_NAMES: readonly [RegExp, string][] = [
  [/^POST \/v1\/payments\/confirm /, "toss.confirm"],
  [/^POST \/v1\/payments\/[^/ ]+\/cancel /, "toss.cancel"],
  [/^POST \/v1\/virtual-accounts /, "toss.issue_virtual_account"],
  [/^GET \/v1\/payments\/orders\//, "toss.get_payment_by_order"],
];

function callName(head: string): string {
  const named = CALL_NAMES.find(([pattern]) => pattern.test(head));
  return named?.[1] ?? "toss.get_payment";
}

/** Sends a request on and reads whatever comes until the connection ends. */
async function exchange(
  { head, body }: RawRequest,
  target: { hostname: string; port: number },
): Promise<Uint8Array<ArrayBuffer>> {
  using upstream = await Deno.connect(target);
  const lines = head.split("\r\n").filter((line) =>
    !/^connection:/i.test(line)
  );
  const closing = [...lines, "connection: close"].join("\r\n") + HEAD_END;
  const writer = upstream.writable.getWriter();
  await writer.write(joined([new TextEncoder().encode(closing), body]));
  const chunks: Uint8Array[] = [];
  const reader = upstream.readable.getReader();
  // A connection that the simulator breaks ends the answer where it broke.
  const next = () => reader.read().catch(() => ({ done: true as const }));
  for (let read = await next(); !read.done; read = await next()) {
    chunks.push(read.value);
  }
  return joined(chunks);
}

async function serve(
  connection: Deno.TcpConn,
  target: { hostname: string; port: number },
  cutter: Cutter,
): Promise<void> {
  using caller = connection;
  const request = await readRequest(caller.readable);
  if (request === null) return;
  const answer = await cutter.around(
    callName(request.head),
    () => exchange(request, target),
  );
  if (answer === null || answer.length === 0) return;
  const writer = caller.writable.getWriter();
  await writer.write(answer);
  await writer.close();
}

/**
 * Opens a proxy to the simulator, byte for byte, on 127.0.0.1.
 *
 * Each request has a connection of its own: on a kept one Deno's fetch would
 * send a broken POST again by itself. A request that arrived goes on to the
 * simulator also when its caller has died meanwhile.
 */
export function startTossProxy(
  simulatorUrl: string,
  cutter: Cutter,
): TossProxy {
  const { hostname, port } = new URL(simulatorUrl);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  (async () => {
    for await (const connection of listener) {
      // The caller may be gone at any time; nobody is there to be told.
      serve(connection, { hostname, port: Number(port) }, cutter)
        .catch(() => undefined);
    }
  })();
  return {
    url: `http://127.0.0.1:${listener.addr.port}`,
    stop: () => listener.close(),
  };
}
