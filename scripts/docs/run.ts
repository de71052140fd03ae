import type { Options } from "./command.ts";
import { fillPages } from "./blocks.ts";
import { clientApiTypes } from "./client-api.ts";
import { clientNames } from "./client-names.ts";
import { clientTables } from "./client-tables.ts";
import { renderDecisions } from "./decisions.ts";
import { eventTypes } from "./event-types.ts";
import { eventSchema } from "./events.ts";
import { registry } from "./registry.ts";
import { renderApi } from "./render-api.ts";
import { storySchema } from "./story.ts";
import { vendoredFiles } from "./vendored.ts";
import { renderErrors } from "./render-errors.ts";
import { renderEnvironmentExample } from "./render-variables.ts";
import { buildDocument } from "./openapi/document.ts";
import { OPERATIONS } from "./openapi/operations.ts";
import { BASELINE, baselineMigration } from "../schema/chapters.ts";

const CLIENT = "packages/client/src/generated";

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
    "docs/events.schema.json": JSON.stringify(eventSchema(), null, 2) + "\n",
    "docs/events.d.ts": eventTypes(),
    [`${CLIENT}/api.ts`]: clientApiTypes(OPERATIONS),
    [`${CLIENT}/names.ts`]: clientNames(),
    [`${CLIENT}/tables.ts`]: await clientTables(),
    "docs/story.schema.json": JSON.stringify(storySchema(), null, 2) + "\n",
    "registry.json": await registry(),
    "docs/decisions/README.md": await renderDecisions(),
    ...await vendoredFiles(),
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

/** Writes what differs, or only names it. */
export async function run({ check }: Options): Promise<number> {
  const stale: string[] = [];
  for (const [path, text] of Object.entries(await generatedDocuments())) {
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
