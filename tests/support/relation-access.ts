/**
 * Who reaches a table or view. `catalogue`: everyone reads the active rows; `own`: users their own rows; `service`:
 * the service role; `closed`: nobody.
 */
export type Access = "catalogue" | "own" | "service" | "closed";

const LIST = new URL(
  "../../supabase/tests/support/relations.psql",
  import.meta.url,
);

function readList(): Map<string, Access> {
  const lines = Deno.readTextFileSync(LIST)
    .matchAll(/^ {2}\('(\w+\.\w+)', '(catalogue|own|service|closed)'\)/gm);
  return new Map(
    Array.from(
      lines,
      ([, relation, access]) => [`${relation}`, access as Access],
    ),
  );
}

/** The list that pgTAP tests, by `schema.relation`. */
export const RELATION_ACCESS: ReadonlyMap<string, Access> = readList();
