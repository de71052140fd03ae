/** The schema as a version of this project left it. */
export interface SchemaState {
  /** As in CHANGELOG.md. */
  version: string;
  /** Version of its last migration. */
  lastMigration: string;
  /** SHA-256 of its migration files, by which a later edit of one is found. */
  digest: string;
  /** SQL file of this folder that makes data with the functions of that version. */
  data: string;
  /** Tables that it had no way to fill. */
  emptyTables: string[];
  /** Columns that a later migration changes on purpose, as `schema.table.column`, with the reason. */
  changedLater: Record<string, string>;
}

/** Every state from which a shop can come: none before 1.0. A release adds the one it makes. */
export const SCHEMA_STATES: SchemaState[] = [];
