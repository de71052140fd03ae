import assert from "node:assert/strict";
import { join } from "node:path";
import { startStack } from "../../stack/stack.ts";
import { waitUntil } from "../../stack/wait-until.ts";
import { createProject, withStack } from "./project-fixture.ts";

const DESCRIBE = `
  import { z } from "zod";
  export default {
    fetch(request: Request) {
      const { pathname, search } = new URL(request.url);
      return Response.json({
        path: pathname + search,
        forwarded: request.headers.get("x-forwarded-for"),
        length: request.headers.get("content-length"),
        environment: Deno.env.toObject(),
        version: Deno.version.deno,
        parsed: z.string().parse("zod"),
      });
    },
  };`;

const HANG = `
  export default {
    fetch: (request: Request) => {
      console.log("hang: " + new URL(request.url).search);
      return request.url.endsWith("?body")
        ? new Response(new ReadableStream({
          start: (controller) => controller.enqueue(new Uint8Array(8)),
        }))
        : new Promise(() => {});
    },
  };`;

const FILES = {
  functions: {
    "describe": DESCRIBE,
    "hang": HANG,
    "broken": "throw new Error('at import');",
    "no-handler": "export const nothing = 1;",
    "throws":
      "export default { fetch() { throw new Error('in the handler'); } };",
    "_shared": "export default { fetch: () => new Response('shared') };",
    "later": `
      declare const EdgeRuntime: { waitUntil(promise: Promise<unknown>): void };
      let done = false;
      export default {
        fetch() {
          EdgeRuntime.waitUntil(
            new Promise((resolve) => setTimeout(resolve, 50))
              .then(() => done = true),
          );
          return Response.json(done);
        },
      };`,
  },
};

Deno.test("a function sees the platform's path, address and variables only", async () => {
  Deno.env.set("SECRET_OF_THE_SHELL", "not for functions");
  const environment = { TOSS_TIMEOUT_MS: "1234", UNKNOWN_VARIABLE: "no" };
  await withStack({ files: FILES, options: { environment } }, async (stack) => {
    const url = `${stack.functionsUrl}/describe/sub/path?a=1`;
    const headers = { "x-forwarded-for": "203.0.113.9" };
    const answer = await fetch(url, { method: "POST", body: "12345", headers });
    const seen = await answer.json();
    assert.equal(seen.path, "/describe/sub/path?a=1");
    assert.equal(seen.forwarded, "203.0.113.9, 127.0.0.1");
    assert.equal(seen.length, "5");
    const variables = seen.environment;
    assert.equal(variables.SUPABASE_URL, stack.apiUrl);
    assert.equal(variables.SUPABASE_DB_URL, stack.dbUrl);
    assert.deepEqual(JSON.parse(variables.SUPABASE_SECRET_KEYS), {
      default: stack.secretKey,
    });
    assert.equal(variables.TOSS_TIMEOUT_MS, "1234");
    for (
      const name of [
        "HOME",
        "SECRET_OF_THE_SHELL",
        "UNKNOWN_VARIABLE",
        "SUPABASE_SERVICE_ROLE_KEY",
        "SUPABASE_ANON_KEY",
      ]
    ) assert.equal(variables[name], undefined, name);
  });
  Deno.env.delete("SECRET_OF_THE_SHELL");
});

Deno.test("the gateway answers for functions that cannot", async () => {
  await withStack({ files: FILES }, async (stack, log) => {
    const codes: Record<string, [number, string | null]> = {};
    for (
      const name of ["missing", "_shared", "broken", "no-handler", "throws"]
    ) {
      const answer = await fetch(`${stack.functionsUrl}/${name}`);
      codes[name] = [answer.status, answer.headers.get("sb-error-code")];
      await answer.body?.cancel();
    }
    assert.deepEqual(codes, {
      "missing": [404, "NOT_FOUND"],
      "_shared": [404, "NOT_FOUND"],
      "broken": [503, "BOOT_ERROR"],
      "no-handler": [503, "BOOT_ERROR"],
      "throws": [500, "EDGE_FUNCTION_ERROR"],
    });
    assert.match(log.join("\n"), /at import/);
  });
});

Deno.test("killFunctions() cuts requests and the next ones are answered", async () => {
  await withStack({ files: FILES }, async (stack, log) => {
    const waiting = fetch(`${stack.functionsUrl}/hang?head`);
    const started = await fetch(`${stack.functionsUrl}/hang?body`);
    assert.equal(started.status, 200);
    const seen = () => log.filter((line) => line.startsWith("hang")).length;
    assert.ok(await waitUntil(() => seen() === 2, { timeoutMs: 120_000 }));
    await stack.killFunctions();
    const cut = await waiting;
    assert.equal(cut.status, 502);
    await cut.body?.cancel();
    await assert.rejects(started.arrayBuffer());
    for (let round = 0; round < 2; round++) {
      const next = await fetch(`${stack.functionsUrl}/describe`);
      assert.equal(next.status, 200);
      await next.body?.cancel();
      await stack.killFunctions();
    }
  });
});

Deno.test("reloadFunctions() leaves no process with the old code, the spare included", async () => {
  const says = (text: string) =>
    `console.log("${text} loaded");
    export default { fetch: () => new Response("${text}") };`;
  await using project = await createProject({
    functions: { "says": says("old") },
  });
  const { functionsDirectory } = project.options;
  const log: string[] = [];
  const stack = await startStack({
    ...project.options,
    warmSpare: true,
    log: (line) => log.push(line),
  });
  try {
    const call = async () =>
      await (await fetch(`${stack.functionsUrl}/says`)).text();
    const isLoadedTwice = () =>
      log.filter((line) => line.includes("old loaded")).length === 2;
    assert.equal(await call(), "old");
    // The spare has loaded it too.
    assert.ok(await waitUntil(isLoadedTwice, { timeoutMs: 120_000 }));

    await Deno.writeTextFile(
      join(functionsDirectory, "says", "index.ts"),
      says("new"),
    );
    await stack.reloadFunctions();
    assert.equal(await call(), "new");

    await stack.killFunctions();
    assert.equal(await call(), "new");
  } finally {
    await stack.stop();
  }
});

Deno.test("functionsSettled() waits for background tasks", async () => {
  await withStack({ files: FILES }, async (stack) => {
    const call = async () =>
      await (await fetch(`${stack.functionsUrl}/later`)).json();
    assert.equal(await call(), false);
    await stack.functionsSettled();
    assert.equal(await call(), true);
    await stack.functionsSettled();
  });
});

Deno.test("functions run on Deno 2.1.4, the hosted runtime", async () => {
  const options = { functionsDeno: "2.1.4" };
  await withStack({ files: FILES, options }, async (stack) => {
    const answer = await fetch(`${stack.functionsUrl}/describe`);
    const seen = await answer.json();
    assert.equal(seen.version, "2.1.4");
    assert.equal(seen.parsed, "zod");
  });
});
