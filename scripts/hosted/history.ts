import type { DatabaseState } from "./inspect-database.ts";
import type { LocalFiles, Migration } from "./local-files.ts";
import { objectKey, type SchemaObject } from "./schema-objects.ts";

/** The migrations of this checkout beside those that a project has recorded. */
export interface MigrationHistory {
  applied: readonly Migration[];
  pending: readonly Migration[];
  /** Recorded there and not in this checkout: of another application, or of a newer version of this one. */
  unknown: readonly { version: string; name: string | null }[];
}

/** Compares the migrations here with those that the project has recorded. */
export function compareHistory(
  { migrations }: Pick<LocalFiles, "migrations">,
  { migrations: recorded }: Pick<DatabaseState, "migrations">,
): MigrationHistory {
  const names = new Map(recorded.map(({ version, name }) => [version, name]));
  // Older tools recorded no name.
  const isApplied = ({ version, name }: Migration) =>
    names.get(version) === name || names.get(version) === null;
  const ours = new Set(migrations.map(({ version }) => version));
  return {
    applied: migrations.filter(isApplied),
    pending: migrations.filter((migration) => !isApplied(migration)),
    unknown: recorded.filter(({ version }) => !ours.has(version)),
  };
}

/** The objects that these migrations, run in order, leave behind. */
export function objectsAfter(
  migrations: readonly Migration[],
): SchemaObject[] {
  const objects = new Map<string, SchemaObject>();
  for (const { creates, drops } of migrations) {
    for (const object of drops) objects.delete(objectKey(object));
    for (const object of creates) objects.set(objectKey(object), object);
  }
  return [...objects.values()];
}
