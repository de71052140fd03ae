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

/** Every state from which a shop can come. A release adds the one it makes. */
export const SCHEMA_STATES: SchemaState[] = [
  {
    version: "0.1.0",
    lastMigration: "20261121030800",
    digest: "a5b72a7b4e96a5843f258bab5a98901292443956338f64476320ae04a2bb4a18",
    data: "0.1.0.sql",
    emptyTables: [
      "private.billing_keys",
      "public.billing_methods",
      "public.subscriptions",
    ],
    changedLater: {
      "private.jobs": "the job billing came",
      "private.webhook_bodies.ciphertext": "bytes instead of base64",
    },
  },
];
