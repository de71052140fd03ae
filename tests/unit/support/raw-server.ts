/** A request as it arrived. */
export type ReceivedRequest = {
  method: string;
  path: string;
  headers: Headers;
  body: string;
};

/** An answer, or the way in which it fails to arrive. */
export type RawReply = {
  status?: number;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  /** Sends only so many bytes of the body, then closes or keeps silent. */
  bodyBytes?: number;
  then?: "close" | "hold";
  /** Sends nothing at all. */
  silent?: boolean;
};

/** A plain TCP server that speaks as much HTTP as the reply says. */
export type RawServer = AsyncDisposable & {
  url: string;
  requests: ReceivedRequest[];
};

/** Starts a server on a free port of 127.0.0.1. */
export function startRawServer(
  reply: (request: ReceivedRequest) => RawReply,
): RawServer {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections = new Set<Deno.Conn>();
  const requests: ReceivedRequest[] = [];
  const work: Promise<void>[] = [];

  async function serve(connection: Deno.Conn): Promise<void> {
    connections.add(connection);
    try {
      const request = await receive(connection);
      if (request === null) return;
      requests.push(request);
      const answer = reply(request);
      if (answer.silent !== true) await send(connection, answer);
      if ((answer.then ?? "close") === "hold") await drain(connection);
    } catch {
      // The client went away, or the test is over.
    } finally {
      close(connection);
    }
  }

  const accepting = (async () => {
    for await (const connection of listener) work.push(serve(connection));
  })();

  return {
    url: `http://127.0.0.1:${listener.addr.port}`,
    requests,
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const connection of connections) close(connection);
      await accepting;
      await Promise.all(work);
    },
  };
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // Closed before.
  }
}

async function drain(connection: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(1024);
  while (await connection.read(buffer) !== null);
}

async function receive(
  connection: Deno.Conn,
): Promise<ReceivedRequest | null> {
  let text = "";
  const buffer = new Uint8Array(65_536);
  const decoder = new TextDecoder();
  while (true) {
    const size = await connection.read(buffer);
    if (size === null) return null;
    text += decoder.decode(buffer.subarray(0, size), { stream: true });
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) continue;
    const [first = "", ...lines] = text.slice(0, end).split("\r\n");
    const headers = new Headers(
      lines.map((line): [string, string] => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon), line.slice(colon + 1).trim()];
      }),
    );
    const body = text.slice(end + 4);
    const length = Number(headers.get("content-length") ?? "0");
    if (new TextEncoder().encode(body).byteLength < length) continue;
    const [method = "", path = ""] = first.split(" ");
    return { method, path, headers, body };
  }
}

async function send(connection: Deno.Conn, answer: RawReply): Promise<void> {
  const whole = typeof answer.body === "string"
    ? new TextEncoder().encode(answer.body)
    : answer.body ?? new Uint8Array();
  const headers = {
    "content-type": "application/json",
    "content-length": String(whole.byteLength),
    "connection": "close",
    ...answer.headers,
  };
  const head = [
    `HTTP/1.1 ${answer.status ?? 200} Text`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ].join("\r\n");
  await write(connection, new TextEncoder().encode(`${head}\r\n\r\n`));
  await write(connection, whole.subarray(0, answer.bodyBytes ?? whole.length));
}

async function write(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.byteLength;) {
    sent += await connection.write(bytes.subarray(sent));
  }
}
