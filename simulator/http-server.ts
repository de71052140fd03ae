import { createServer, ServerResponse } from "node:http";
import { getRequestListener } from "@hono/node-server";

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

/** Says that the answer has been written already, or never will be. */
const SENT = new Response(null, { headers: { "x-hono-already-sent": "true" } });

/** Sends a part of an answer, whose length tells the client that it is one, and ends the connection. */
async function cut(
  response: Response,
  bytes: number,
  target: ServerResponse,
): Promise<void> {
  const body = new Uint8Array(await response.arrayBuffer());
  const destroy = () => target.socket?.destroy();
  if (bytes === 0) return void destroy();
  const headers = Object.fromEntries(response.headers);
  headers["content-length"] = `${body.length}`;
  target.writeHead(response.status, headers);
  target.write(body.slice(0, bytes), destroy);
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
  const server = createServer(getRequestListener(
    async (request, { outgoing }) => {
      const wire: Wire = {};
      const response = await handle(request, wire);
      if (wire.closeConnection) response.headers.set("connection", "close");
      const { cutAfterBytes } = wire;
      const isWhole = cutAfterBytes === undefined;
      if (isWhole || !(outgoing instanceof ServerResponse)) return response;
      await cut(response, cutAfterBytes, outgoing);
      return SENT;
    },
    { overrideGlobalObjects: false },
  ));
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
