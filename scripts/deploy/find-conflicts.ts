import { compareHistory } from "../hosted/history.ts";
import type { DatabaseState } from "../hosted/inspect-database.ts";
import type { ProjectState } from "../hosted/inspect-project.ts";
import type { LocalFiles } from "../hosted/local-files.ts";
import { objectKey } from "../hosted/schema-objects.ts";

const KIND_WORDS: Record<string, string> = {
  r: "table",
  p: "table",
  f: "foreign table",
  v: "view",
  m: "materialized view",
  S: "sequence",
};

/** Existing objects by {@linkcode objectKey}, as a person calls them. */
function existingObjects(database: DatabaseState): Map<string, string> {
  return new Map([
    ...database.relations.map(({ name, kind }): [string, string] => [
      objectKey({ kind: "relation", name }),
      `${KIND_WORDS[kind] ?? "relation"} ${name}`,
    ]),
    ...database.functions.map(({ name, signature }): [string, string] => [
      objectKey({ kind: "function", name }),
      `function ${signature}`,
    ]),
  ]);
}

/**
 * What exists although the migration that first creates it has not run here: somebody else made it.
 *
 * A later migration may create a function again, and then finds our own.
 */
function foreignObjects(local: LocalFiles, database: DatabaseState): string[] {
  const { applied, pending } = compareHistory(local, database);
  const ours = new Set(
    applied.flatMap(({ creates }) => creates.map(objectKey)),
  );
  const existing = existingObjects(database);
  const wanted = pending.flatMap(({ creates }) => creates.map(objectKey));
  return [...new Set(wanted)].filter((key) => !ours.has(key))
    .flatMap((key) => existing.get(key) ?? []);
}

function foreignMigrations(
  local: LocalFiles,
  { migrations }: DatabaseState,
): string[] {
  const recorded = new Map(
    migrations.map(({ version, name }) => [version, name]),
  );
  return local.migrations.flatMap(({ version, name }) => {
    const other = recorded.get(version);
    return other === undefined || other === null || other === name
      ? []
      : [`migration ${version} (there ${other}, here ${name})`];
  });
}

/** Without a migration of ours nothing else in the project can be ours either. */
function foreignFunctions(local: LocalFiles, state: ProjectState): string[] {
  const { applied } = compareHistory(local, state.database);
  return applied.length > 0 ? [] : local.functions
    .filter((name) => state.functions.includes(name))
    .map((name) => `edge function ${name}`);
}

/**
 * Names everything in the project that stands where ours belongs and is not ours.
 *
 * @returns for example `table public.orders`; empty when nothing is in the way
 */
export function findConflicts(
  local: LocalFiles,
  state: ProjectState,
): string[] {
  return [
    ...foreignObjects(local, state.database),
    ...foreignMigrations(local, state.database),
    ...foreignFunctions(local, state),
  ];
}
