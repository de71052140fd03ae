import { hostOf } from "../address/check-target.ts";
import { drain, NoAnswerError, readHead } from "./read-head.ts";

/** One request to one receiver. */
export interface PostRequest {
  url: URL;
  /** Those that were checked; the first that takes the connection is used. */
  addresses: readonly string[];
  headers: Readonly<Record<string, string>>;
  body: string;
}

/** What came back: a status, or why there is none. */
export type PostAnswer =
  | { kind: "answered"; status: number }
  | { kind: "none"; problem: string };

/** How connections are made; tests bring certificates of their own. */
export interface PostOptions {
  /** @default 10_000 */
  timeoutMilliseconds?: number;
  caCerts?: string[];
}

/** A receiver has so long for everything: connection, TLS, answer. */
export const POST_TIMEOUT_MILLISECONDS = 10_000;

/** A body is of no use to us; a receiver that is about to finish it may. */
const DRAIN_MILLISECONDS = 500;

/**
 * Posts a body to one of the given addresses and reads the status of the answer.
 *
 * Not by `fetch`, which looks the name up again by itself (so that what was checked need not be what is used),
 * follows redirects, and sends a POST twice when a kept connection breaks: here the connection goes to the address
 * that was checked, TLS proves the name, one request is written once, and the connection is closed.
 */
export async function post(
  request: PostRequest,
  options: PostOptions = {},
): Promise<PostAnswer> {
  const timeout = options.timeoutMilliseconds ?? POST_TIMEOUT_MILLISECONDS;
  const open = new Set<Deno.Conn>();
  const close = () => {
    for (const connection of open) closeQuietly(connection);
  };
  let timer: ReturnType<typeof setTimeout> | undefined;
  const patience = new Promise<PostAnswer>((resolve) => {
    timer = setTimeout(() => {
      resolve({
        kind: "none",
        problem: `gave no answer within ${timeout / 1000} s`,
      });
      // What waits for the receiver ends with its connection.
      close();
    }, timeout);
  });
  try {
    return await Promise.race([exchange(request, options, open), patience]);
  } finally {
    clearTimeout(timer);
    close();
  }
}

async function exchange(
  request: PostRequest,
  { caCerts }: PostOptions,
  open: Set<Deno.Conn>,
): Promise<PostAnswer> {
  let connection: Deno.Conn | undefined;
  try {
    connection = await connect(request, open);
    if (request.url.protocol === "https:") {
      const tcp = connection as Deno.TcpConn;
      open.delete(tcp);
      const secured = await Deno.startTls(tcp, {
        hostname: hostOf(request.url),
        ...(caCerts === undefined ? {} : { caCerts }),
      });
      open.add(secured);
      connection = secured;
    }
    await writeAll(connection, encodeRequest(request));
    const { status } = await readHead(connection);
    await drainFor(connection, DRAIN_MILLISECONDS);
    return { kind: "answered", status };
  } catch (error) {
    return { kind: "none", problem: describe(error) };
  }
}

async function connect(
  { url, addresses }: PostRequest,
  open: Set<Deno.Conn>,
): Promise<Deno.Conn> {
  const port = Number(url.port) || (url.protocol === "https:" ? 443 : 80);
  let failure: unknown = new NoAnswerError("has no address");
  for (const hostname of addresses) {
    try {
      const connection = await Deno.connect({ hostname, port });
      open.add(connection);
      return connection;
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

async function drainFor(
  connection: Deno.Conn,
  milliseconds: number,
): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const patience = new Promise((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([drain(connection).catch(() => {}), patience]);
  clearTimeout(timer);
}

function encodeRequest({ url, headers, body }: PostRequest): Uint8Array {
  const encoder = new TextEncoder();
  const content = encoder.encode(body);
  const lines = [
    `POST ${url.pathname}${url.search} HTTP/1.1`,
    `host: ${url.host}`,
    "content-type: application/json",
    `content-length: ${content.length}`,
    "connection: close",
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  const head = encoder.encode(`${lines.join("\r\n")}\r\n\r\n`);
  const bytes = new Uint8Array(head.length + content.length);
  bytes.set(head);
  bytes.set(content, head.length);
  return bytes;
}

async function writeAll(
  connection: Deno.Conn,
  bytes: Uint8Array,
): Promise<void> {
  for (let sent = 0; sent < bytes.length;) {
    sent += await connection.write(bytes.subarray(sent));
  }
}

function describe(error: unknown): string {
  if (error instanceof NoAnswerError) return error.message;
  if (error instanceof Deno.errors.ConnectionRefused) {
    return "refused the connection";
  }
  if (
    error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.UnexpectedEof
  ) return "closed the connection without an answer";
  if (error instanceof Deno.errors.InvalidData) {
    return "has no valid certificate for its name";
  }
  return "could not be reached";
}

function closeQuietly(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // Closed already.
  }
}
