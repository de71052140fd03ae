import { splitStatements } from "../../stack/split-statements.ts";

/** Something that SQL creates in a schema. */
export interface SchemaObject {
  /** Tables, views and sequences share their names; functions have their own. */
  kind: "relation" | "function";
  /** With schema, for example `public.orders`. */
  name: string;
}

/** What one file does to the schemas public and toss_private. */
export interface SchemaChanges {
  creates: SchemaObject[];
  drops: SchemaObject[];
}

const COMMENTS = /--[^\n]*|\/\*[\s\S]*?\*\//g;
const CREATED =
  /^create (?:or replace )?(?:unlogged )?(?:materialized )?(table|view|sequence|function) (?:if not exists )?((?:public|toss_private)\.\w+)/;
const MOVED =
  /^alter (table|view|sequence|function) (?:public|toss_private)\.(\w+)(?:\([^)]*\))? set schema (public|toss_private)$/;
const DROPPED =
  /^drop (?:materialized )?(table|view|sequence|function) (?:if exists )?([\s\S]+)$/;

function kindOf(word: string | undefined): SchemaObject["kind"] {
  return word === "function" ? "function" : "relation";
}

/** Reads which tables, views, sequences and functions of public and toss_private a SQL file creates and drops. */
export async function readSchemaChanges(sql: string): Promise<SchemaChanges> {
  const changes: SchemaChanges = { creates: [], drops: [] };
  for (const { text } of await splitStatements(sql)) {
    const statement = text.replace(COMMENTS, "").trim();
    const created = CREATED.exec(statement);
    if (created !== null) {
      const [, word, name = ""] = created;
      changes.creates.push({ kind: kindOf(word), name });
    }
    const [, moved, movedName, schema] = MOVED.exec(statement) ?? [];
    if (moved !== undefined) {
      changes.creates.push({
        kind: kindOf(moved),
        name: `${schema}.${movedName}`,
      });
    }
    const [, word, names = ""] = DROPPED.exec(statement) ?? [];
    // Arguments of a function may be of types that look like our names.
    for (
      const [name] of names.replace(/\([^)]*\)/g, "")
        .matchAll(/\b(?:public|toss_private)\.\w+/g)
    ) {
      changes.drops.push({ kind: kindOf(word), name });
    }
  }
  return changes;
}

/** One text for kind and name, to compare objects by. */
export function objectKey({ kind, name }: SchemaObject): string {
  return `${kind} ${name}`;
}
