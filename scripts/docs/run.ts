import type { Options } from "./command.ts";
import { buildDocument } from "./openapi/document.ts";
import { OPERATIONS } from "./openapi/operations.ts";
import { renderApi } from "./openapi/render-api.ts";
import { renderErrors } from "./openapi/render-errors.ts";

/** Every generated document by its path from the project's root. */
export function generatedDocuments(): Record<string, string> {
  return {
    "docs/openapi.json": JSON.stringify(buildDocument(OPERATIONS), null, 2) +
      "\n",
    "docs/api.md": renderApi(OPERATIONS),
    "docs/errors.md": renderErrors(),
  };
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** Writes what differs, or only names it. */
export async function run({ check }: Options): Promise<number> {
  const stale: string[] = [];
  for (const [path, text] of Object.entries(generatedDocuments())) {
    if (await readIfThere(path) === text) continue;
    stale.push(path);
    if (!check) await Deno.writeTextFile(path, text);
  }
  if (check && stale.length > 0) {
    console.error(
      `${stale.join(", ")} differ from the code: run npx -y deno task docs`,
    );
    return 1;
  }
  console.log(
    stale.length === 0 ? "documents: up to date" : `wrote ${stale.join(", ")}`,
  );
  return 0;
}
