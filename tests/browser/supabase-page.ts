import { fileURLToPath } from "node:url";

/** A running page that has supabase-js and nothing else. */
export interface SupabasePage {
  url: string;
  stop(): Promise<void>;
}

// What a page gets that loads the package without a bundler.
const SUPABASE_JS = fileURLToPath(
  new URL(
    "../../node_modules/@supabase/supabase-js/dist/umd/supabase.js",
    import.meta.url,
  ),
);

const PAGE = `<!doctype html>
<html lang="ko">
<meta charset="utf-8">
<link rel="icon" href="data:,">
<title>supabase-js</title>
<script src="/supabase.js"></script>
</html>
`;

/** Serves the page, and supabase-js out of `node_modules` as npm delivers it, on 127.0.0.1. */
export function startSupabasePage(): SupabasePage {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) =>
      new URL(request.url).pathname === "/supabase.js"
        ? new Response(await Deno.readFile(SUPABASE_JS), {
          headers: { "content-type": "text/javascript; charset=utf-8" },
        })
        : new Response(PAGE, {
          headers: { "content-type": "text/html; charset=utf-8" },
        }),
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    stop: () => server.shutdown(),
  };
}
