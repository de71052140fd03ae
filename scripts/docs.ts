import { runCommand, type Values } from "./command/run-command.ts";
import { buildDocument } from "./openapi/document.ts";
import { OPERATIONS } from "./openapi/operations.ts";
import { renderApi } from "./openapi/render-api.ts";
import { renderErrors } from "./openapi/render-errors.ts";
import { BASELINE, baselineMigration } from "./schema/chapters.ts";

const HELP = `Usage: npx -y deno task docs [--check]

Writes what follows from other files: docs/openapi.json, docs/api.md and
docs/errors.md from the code, and the baseline migration from the chapters in
supabase/schemas.

  --check   write nothing; exit with 1 and name the files that differ
  --help    this text`;

/** Every generated file by its path from the project's root. */
export async function generatedDocuments(): Promise<Record<string, string>> {
  return {
    "docs/openapi.json": JSON.stringify(buildDocument(OPERATIONS), null, 2) +
      "\n",
    "docs/api.md": renderApi(OPERATIONS),
    "docs/errors.md": renderErrors(),
    [BASELINE]: await baselineMigration(),
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

const OPTIONS = { check: { type: "boolean" } } as const;

async function write(values: Values<typeof OPTIONS>): Promise<number> {
  const stale: string[] = [];
  for (const [path, text] of Object.entries(await generatedDocuments())) {
    if (await readIfThere(path) === text) continue;
    stale.push(path);
    if (!values.check) await Deno.writeTextFile(path, text);
  }
  if (values.check && stale.length > 0) {
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

if (import.meta.main) {
  await runCommand({ name: "docs", help: HELP, options: OPTIONS, run: write });
}
