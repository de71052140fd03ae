/**
 * The process that runs the edge functions, as the hosted runtime would.
 *
 * Runs on the current Deno and on 2.1.4. Each `<name>/index.ts` is imported at
 * its first request and must export `default { fetch }`. The process ends when
 * its standard input closes: no stack, no functions.
 *
 * Arguments: the functions folder as a file URL that ends with a slash.
 *
 * @module
 */
type Handler = (request: Request) => Response | Promise<Response>;

type Loaded =
  | { outcome: "ready"; handler: Handler }
  | { outcome: "missing" }
  | { outcome: "broken" };

const functionsFolder = new URL(Deno.args[0] ?? "");
const loaded = new Map<string, Promise<Loaded>>();
const background = new Set<Promise<unknown>>();

Object.assign(globalThis, {
  EdgeRuntime: {
    waitUntil<T>(promise: Promise<T>): Promise<T> {
      const tracked = Promise.resolve(promise)
        .catch((error) => console.error("background task failed:", error))
        .finally(() => background.delete(tracked));
      background.add(tracked);
      return promise;
    },
  },
});

function platformError(status: number, code: string, message: string) {
  return Response.json({ code, message }, {
    status,
    headers: { "sb-error-code": code },
  });
}

async function importFunction(name: string): Promise<Loaded> {
  const entry = new URL(`${name}/index.ts`, functionsFolder);
  const exists = await Deno.stat(entry).then(() => true, () => false);
  if (!exists) return { outcome: "missing" };
  try {
    const module = await import(entry.href);
    const handler = module.default?.fetch;
    if (typeof handler === "function") {
      return { outcome: "ready", handler: handler.bind(module.default) };
    }
    console.error(`${name}: index.ts has no default export with fetch`);
  } catch (error) {
    console.error(`${name}: could not be loaded:`, error);
  }
  return { outcome: "broken" };
}

function load(name: string): Promise<Loaded> {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  const loading = /^[A-Za-z][A-Za-z0-9_-]*$/.test(name)
    ? importFunction(name)
    : Promise.resolve<Loaded>({ outcome: "missing" });
  loaded.set(name, loading);
  return loading;
}

async function preload(): Promise<void> {
  for await (const entry of Deno.readDir(functionsFolder)) {
    if (entry.isDirectory) await load(entry.name);
  }
}

async function answer(request: Request): Promise<Response> {
  const name = new URL(request.url).pathname.split("/")[1] ?? "";
  const found = await load(name);
  switch (found.outcome) {
    case "missing":
      return platformError(
        404,
        "NOT_FOUND",
        "Requested function was not found",
      );
    case "broken":
      return platformError(
        503,
        "BOOT_ERROR",
        "Function failed to start (please check logs)",
      );
    case "ready":
      return await found.handler(request);
  }
}

function failure(error: unknown): Response {
  console.error("function failed:", error);
  return platformError(
    500,
    "EDGE_FUNCTION_ERROR",
    "Function exited due to an error (please check logs)",
  );
}

async function settle(): Promise<void> {
  while (background.size > 0) await Promise.allSettled(background);
}

async function obey(command: string): Promise<void> {
  if (command === "preload") await preload();
  if (command === "settle") {
    await settle();
    console.log(JSON.stringify({ settled: true }));
  }
}

globalThis.addEventListener("unhandledrejection", (event) => {
  // The platform would end one function's worker; here all share a process.
  event.preventDefault();
  console.error("unhandled rejection:", event.reason);
});
Deno.addSignalListener("SIGINT", () => {});

const server = Deno.serve(
  { hostname: "127.0.0.1", port: 0, onListen: () => {}, onError: failure },
  answer,
);
console.log(JSON.stringify({ port: server.addr.port }));

const input = Deno.stdin.readable.pipeThrough(new TextDecoderStream());
for await (const chunk of input) {
  for (const line of chunk.split("\n")) void obey(line);
}
Deno.exit(0);
