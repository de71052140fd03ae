import { runCommand, type Values } from "./command/run-command.ts";
import { fillPages } from "./docs/blocks.ts";
import { renderDecisions } from "./docs/decisions.ts";
import { renderApi } from "./docs/render-api.ts";
import { renderErrors } from "./docs/render-errors.ts";
import { renderEnvironmentExample } from "./docs/render-variables.ts";
import { buildDocument } from "./openapi/document.ts";
import { OPERATIONS } from "./openapi/operations.ts";
import { BASELINE, baselineMigration } from "./schema/chapters.ts";

const HELP = `Usage: npx -y deno task docs [--check]

Writes what comes from the code: .env.example, docs/openapi.json, the fields
and the errors in both languages, the list of decisions, and in other pages the
tables and diagrams between <!-- generated: … --> and <!-- /generated -->; and
the baseline migration from the chapters in supabase/schemas.

  --check   write nothing; exit with 1 and name the files that differ
  --help    this text`;

/** Every document that is generated, or has generated parts, by its path from the project's root. */
export async function generatedDocuments(): Promise<Record<string, string>> {
  return {
    ".env.example": renderEnvironmentExample(),
    "docs/openapi.json": JSON.stringify(buildDocument(OPERATIONS), null, 2) +
      "\n",
    "docs/api.md": renderApi(OPERATIONS, "en"),
    "docs/api.ko.md": renderApi(OPERATIONS, "ko"),
    "docs/errors.md": renderErrors("en"),
    "docs/errors.ko.md": renderErrors("ko"),
    "docs/decisions/README.md": await renderDecisions(),
    ...await fillPages(),
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
