import { fileURLToPath } from "node:url";
import { build, stop } from "esbuild";

const SCRIPT = fileURLToPath(new URL("client-script.ts", import.meta.url));

/** A running page that is made of the client's hooks. */
export interface ClientPage {
  url: string;
  stop(): Promise<void>;
}

/** Serves the page, bundled as a shop's bundler would, on 127.0.0.1. */
export async function startClientPage(
  settings: Record<string, string>,
): Promise<ClientPage> {
  const { outputFiles: [bundle] } = await build({
    entryPoints: [SCRIPT],
    bundle: true,
    format: "esm",
    write: false,
    define: { "process.env.NODE_ENV": '"development"' },
  });
  await stop();
  const page = `<!doctype html>
<html lang="ko">
<meta charset="utf-8">
<link rel="icon" href="data:,">
<title>Client</title>
<script>globalThis.settings = ${JSON.stringify(settings)};</script>
<div id="root"></div>
<script type="module" src="/script.js"></script>
</html>
`;
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) =>
      new URL(request.url).pathname === "/script.js"
        ? new Response(bundle?.text, {
          headers: { "content-type": "text/javascript; charset=utf-8" },
        })
        : new Response(page, {
          headers: { "content-type": "text/html; charset=utf-8" },
        }),
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    stop: () => server.shutdown(),
  };
}
