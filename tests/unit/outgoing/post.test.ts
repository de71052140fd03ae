import assert from "node:assert/strict";
import {
  post,
  type PostAnswer,
} from "../../../supabase/functions/_shared/outgoing/http/post.ts";
import { deliver } from "../../../supabase/functions/_shared/outgoing/deliver.ts";
import { startOddReceiver, startReceiver } from "../../support/receiver.ts";

const encode = (text: string) => new TextEncoder().encode(text);

async function postTo(
  url: string,
  options: Parameters<typeof post>[1] = {},
): Promise<PostAnswer> {
  const target = new URL(url);
  return await post({
    url: target,
    addresses: ["127.0.0.1"],
    headers: { "webhook-id": "one" },
    body: JSON.stringify({ type: "webhook.test", data: { name: "머그컵" } }),
  }, { timeoutMilliseconds: 400, ...options });
}

/** Reads the request to its end, so that closing afterwards is no reset. */
async function readRequest(connection: Deno.Conn): Promise<string> {
  const buffer = new Uint8Array(64 * 1024);
  const count = await connection.read(buffer) ?? 0;
  return new TextDecoder().decode(buffer.subarray(0, count));
}

async function answering(
  text: string,
  andThen: (connection: Deno.Conn) => Promise<void> | void = (connection) =>
    connection.close(),
): Promise<PostAnswer> {
  const receiver = startOddReceiver(async (connection) => {
    await readRequest(connection);
    await connection.write(encode(text));
    await andThen(connection);
  });
  try {
    return await postTo(receiver.url);
  } finally {
    receiver.stop();
  }
}

Deno.test("post() sends one well-formed request and reads the status", async () => {
  const receiver = startReceiver();
  try {
    const answer = await postTo(`${receiver.url}?a=b`);
    assert.deepEqual(answer, { kind: "answered", status: 204 });
    assert.equal(receiver.received.length, 1);
    assert.equal(receiver.received[0]?.data.name, "머그컵");
  } finally {
    await receiver.stop();
  }
});

Deno.test("post() takes the status of any answer and follows no redirect", async () => {
  for (
    const [text, status] of [
      ["HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", 200],
      ["HTTP/1.1 204\r\n\r\n", 204],
      ["HTTP/1.0 500 Oh no\r\n\r\n", 500],
      ["HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\n\r\n", 302],
      ["HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 Accepted\r\n\r\n", 202],
    ] as const
  ) assert.deepEqual(await answering(text), { kind: "answered", status });
});

Deno.test("post() gives up on what is no answer", async () => {
  for (
    const text of [
      "",
      "hello\r\n\r\n",
      "HTTP/2 200\r\n\r\n",
      "HTTP/1.1 2000 OK\r\n\r\n",
      "HTTP/1.1 200 OK\r\n",
      `HTTP/1.1 200 OK\r\nx: ${"a".repeat(70 * 1024)}\r\n\r\n`,
    ]
  ) {
    const answer = await answering(text);
    assert.equal(answer.kind, "none", text.slice(0, 40));
  }
});

// A receiver that is left alone goes on with what it was doing.
const alone = { sanitizeOps: false, sanitizeResources: false };

Deno.test(
  "post() waits for no receiver longer than its time, however it fills it",
  alone,
  async () => {
    const trickle = async (connection: Deno.Conn, text: string) => {
      for (const byte of encode(text)) {
        await new Promise((resolve) => setTimeout(resolve, 60));
        await connection.write(new Uint8Array([byte]));
      }
    };
    for (
      const handle of [
        // Never answers.
        () => new Promise<void>(() => {}),
        // One byte at a time.
        (connection: Deno.Conn) =>
          trickle(connection, "HTTP/1.1 200 OK\r\n\r\n"),
      ]
    ) {
      const receiver = startOddReceiver(handle);
      const startedAt = performance.now();
      const answer = await postTo(receiver.url);
      const took = performance.now() - startedAt;
      receiver.stop();
      assert.deepEqual(answer, {
        kind: "none",
        problem: "gave no answer within 0.4 s",
      });
      assert.ok(took < 1_500, `${took} ms`);
    }
  },
);

Deno.test(
  "post() needs no body: one that never ends, or is endless, holds nobody up",
  alone,
  async () => {
    const flood = async (connection: Deno.Conn) => {
      const chunk = new Uint8Array(16 * 1024);
      for (;;) await connection.write(chunk);
    };
    for (const andThen of [() => new Promise<void>(() => {}), flood]) {
      const startedAt = performance.now();
      const answer = await answering(
        "HTTP/1.1 200 OK\r\ncontent-length: 999999999\r\n\r\n",
        andThen,
      );
      assert.ok(performance.now() - startedAt < 1_500);
      // With the time of a test the first one may run into it; a delivery's is twenty times as long.
      if (answer.kind === "answered") assert.equal(answer.status, 200);
      else assert.match(answer.problem, /within/);
    }
  },
);

Deno.test("post() says what keeps it from a receiver", async () => {
  const closed = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = closed.addr as Deno.NetAddr;
  closed.close();
  assert.deepEqual(await postTo(`http://127.0.0.1:${port}/`), {
    kind: "none",
    problem: "refused the connection",
  });
  const rude = startOddReceiver((connection) => {
    connection.close();
    return Promise.resolve();
  });
  assert.deepEqual(await postTo(rude.url), {
    kind: "none",
    problem: "closed the connection without an answer",
  });
  rude.stop();
});

Deno.test("post() sends a request once, also when the connection breaks", async () => {
  const receiver = startOddReceiver(async (connection) => {
    await readRequest(connection);
    connection.close();
  });
  await postTo(receiver.url);
  assert.equal(receiver.connections(), 1);
  receiver.stop();
});

Deno.test("deliver() connects to the address that was checked, whatever the name leads to a moment later", async () => {
  const receiver = startReceiver();
  const { port } = new URL(receiver.url);
  let lookups = 0;
  try {
    const result = await deliver({
      deliveryId: "d",
      eventId: "e",
      type: "webhook.test",
      timestamp: "2027-01-01T00:00:00+09:00",
      data: {},
    }, {
      // A name no server knows: only the checked address can lead there.
      url: `http://rebinding.example:${port}/events`,
      secrets: ["whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"],
      policy: {
        allowPrivate: true,
        resolve: () => {
          lookups += 1;
          return Promise.resolve(
            lookups === 1 ? ["127.0.0.1"] : ["169.254.169.254"],
          );
        },
      },
    });
    assert.deepEqual(
      { status: result.responseStatus, error: result.error, lookups },
      { status: 204, error: null, lookups: 1 },
    );
    assert.equal(
      receiver.received[0]?.headers.host,
      `rebinding.example:${port}`,
    );
  } finally {
    await receiver.stop();
  }
});

Deno.test("deliver() refuses a name that has come to lead to a private address since it was registered", async () => {
  for (
    const resolve of [
      () => Promise.resolve(["10.0.0.1"]),
      () => Promise.reject(new Error("no name server")),
    ]
  ) {
    const result = await deliver({
      deliveryId: "d",
      eventId: "e",
      type: "webhook.test",
      timestamp: "2027-01-01T00:00:00+09:00",
      data: {},
    }, {
      url: "https://receiver.example/",
      secrets: [],
      policy: { allowPrivate: false, resolve },
    });
    assert.equal(result.responseStatus, null);
    assert.match(result.error ?? "", /public address|looked up/);
  }
});

Deno.test("post() proves by TLS that the checked address is the named receiver", async () => {
  const read = (name: string) =>
    Deno.readTextFile(
      new URL(`../../fixtures/tls/${name}`, import.meta.url),
    );
  const [ca, cert, key] = await Promise.all(
    ["ca.pem", "receiver.pem", "receiver-key.pem"].map(read),
  );
  const server = Deno.serve(
    {
      hostname: "127.0.0.1",
      port: 0,
      cert: cert ?? "",
      key: key ?? "",
      onListen() {},
    },
    () => new Response("ok"),
  );
  const { port } = server.addr;
  const to = (name: string, caCerts?: string[]) =>
    postTo(`https://${name}:${port}/`, {
      timeoutMilliseconds: 5_000,
      ...(caCerts === undefined ? {} : { caCerts }),
    });
  try {
    assert.deepEqual(await to("receiver.example", [ca ?? ""]), {
      kind: "answered",
      status: 200,
    });
    const problem = "has no valid certificate for its name";
    assert.deepEqual(await to("other.example", [ca ?? ""]), {
      kind: "none",
      problem,
    });
    assert.deepEqual(await to("receiver.example"), { kind: "none", problem });
  } finally {
    await server.shutdown();
  }
});
