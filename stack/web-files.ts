import { extname, join, normalize } from "node:path";

const CONTENT_TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  // As a page that can be read; browsers save text/markdown.
  ".md": "text/plain; charset=utf-8",
};

// Vite puts a digest of the content into these names.
const HASHED = /^\/assets\//;

/** A file below `root` as an answer; null when there is none. */
export async function staticFile(
  root: string,
  path: string,
): Promise<Response | null> {
  // normalize() of an absolute path cannot climb above it.
  const file = join(root, normalize(path));
  const content = await Deno.readFile(file).catch(() => null);
  if (content === null) return null;
  const headers = new Headers({
    "content-type": CONTENT_TYPES[extname(file)] ?? "application/octet-stream",
  });
  if (HASHED.test(path)) {
    headers.set("cache-control", "public, max-age=31536000, immutable");
  }
  return new Response(content, { headers });
}
