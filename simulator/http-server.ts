import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";

/** What a handler may ask of the connection, beside the response itself. */
export interface Wire {
  /**
   * Destroys the connection after this many bytes of the body; 0 destroys it
   * before a single byte of the answer, the head included.
   */
  cutAfterBytes?: number;
  /** Tells the client not to use this connection again. */
  closeConnection?: boolean;
}

/** A listening server. */
export interface HttpServer {
  port: number;
  /** Ends the connections on which no request is running. */
  closeIdleConnections(): void;
  /** Ends every connection and stops listening. */
  stop(): Promise<void>;
}

async function readRequest(
  message: IncomingMessage,
  origin: string,
): Promise<Request> {
  const headers = new Headers();
  for (const [name, value] of Object.entries(message.headers)) {
    if (value !== undefined) headers.set(name, [value].flat().join(", "));
  }
  const method = message.method ?? "GET";
  const withBody = method !== "GET" && method !== "HEAD";
  return new Request(new URL(message.url ?? "/", origin), {
    method,
    headers,
    ...(withBody ? { body: await text(message) } : {}),
  });
}

async function writeResponse(
  response: Response,
  wire: Wire,
  target: ServerResponse,
): Promise<void> {
  const body = new Uint8Array(await response.arrayBuffer());
  const destroy = () => {
    target.socket?.destroy();
  };
  if (wire.cutAfterBytes === 0) return destroy();
  const headers = Object.fromEntries(response.headers);
  if (wire.closeConnection) headers["connection"] = "close";
  if (response.status !== 204) headers["content-length"] = `${body.length}`;
  target.writeHead(response.status, headers);
  if (wire.cutAfterBytes === undefined) target.end(body);
  else target.write(body.slice(0, wire.cutAfterBytes), destroy);
}

/**
 * Serves a fetch-style handler on 127.0.0.1 (`port` 0 takes a free one).
 * node:http and not Deno.serve, because only a server that hands out its
 * socket can end a connection without answering.
 */
export async function listen(
  port: number,
  handle: (request: Request, wire: Wire) => Promise<Response>,
): Promise<HttpServer> {
  const server = createServer(async (message, target) => {
    const wire: Wire = {};
    try {
      const request = await readRequest(message, "http://127.0.0.1");
      await writeResponse(await handle(request, wire), wire, target);
    } catch {
      // The client left while we read or wrote: nobody is there to be told.
      target.socket?.destroy();
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") {
    throw new Error("the simulator did not get a TCP port");
  }
  return {
    port: address.port,
    closeIdleConnections: () => server.closeIdleConnections(),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
