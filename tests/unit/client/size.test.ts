import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { build, stop } from "esbuild";

Deno.test.afterAll(() => stop());

/** Bytes of a module of the client, minified and gzipped, without its peers. */
async function gzippedSize(name: string): Promise<number> {
  const { outputFiles: [bundle] } = await build({
    entryPoints: [`packages/client/src/${name}.ts`],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
    external: ["react", "@supabase/supabase-js"],
  });
  assert.ok(bundle);
  return gzipSync(bundle.contents, { level: 9 }).length;
}

Deno.test("the client is at most 6 KB gzipped", async () => {
  const size = await gzippedSize("index");
  assert.ok(size <= 6 * 1024, `${size} bytes`);
  assert.ok(size > 2000, `${size} bytes: is that all of it?`);
});

Deno.test("the hooks are at most 3 KB gzipped, the names as well", async () => {
  for (const name of ["react", "names"]) {
    const size = await gzippedSize(name);
    assert.ok(size <= 3 * 1024, `${name}: ${size} bytes`);
  }
});
