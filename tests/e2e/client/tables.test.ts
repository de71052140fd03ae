import assert from "node:assert/strict";
import ts from "typescript";
import { shopTests } from "../../support/shop-test.ts";
import { RELATION_ACCESS } from "../../support/relation-access.ts";
import { readProjectFile } from "../../docs/support/pages.ts";

const test = shopTests();

const TYPES: Record<string, RegExp> = {
  text: /string|"/,
  uuid: /string/,
  "timestamp with time zone": /string/,
  date: /string/,
  integer: /number/,
  bigint: /number/,
  numeric: /number/,
  boolean: /boolean/,
  jsonb: /Json/,
  interval: /unknown/,
};

/** The rows of the client's types: relation → column → its type as it is written. */
async function writtenRows(): Promise<Map<string, Map<string, string>>> {
  const source = ts.createSourceFile(
    "tables.ts",
    await readProjectFile("packages/client/src/generated/tables.ts"),
    ts.ScriptTarget.ESNext,
    true,
  );
  const rows = new Map<string, Map<string, string>>();
  const visit = (node: ts.Node): void => {
    if (
      ts.isPropertySignature(node) && node.name.getText() === "Row" &&
      node.type && ts.isTypeLiteralNode(node.type)
    ) {
      const relation = node.parent.parent as ts.PropertySignature;
      rows.set(
        relation.name.getText(),
        new Map(
          node.type.members.filter(ts.isPropertySignature).map((
            member,
          ) => [member.name.getText(), member.type?.getText() ?? ""]),
        ),
      );
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return rows;
}

test("the client's tables are those that users read, with the database's columns", async ({ stack }) => {
  const rows = await writtenRows();
  const readable = [...RELATION_ACCESS].filter(([name, access]) =>
    name.startsWith("public.") && ["own", "catalogue"].includes(access)
  ).map(([name]) => name.slice("public.".length));
  assert.deepEqual([...rows.keys()].sort(), readable.sort());

  const columns = await stack.sql`
    select c.relname as relation, a.attname as name, c.relkind = 'v' or not a.attnotnull as nullable,
      format_type(a.atttypid, null) as type
    from pg_attribute as a
    join pg_class as c on c.oid = a.attrelid
    where c.relnamespace = 'public'::regnamespace and c.relname = any (${readable})
      and a.attnum > 0 and not a.attisdropped`;
  for (const { relation, name, nullable, type } of columns) {
    const written = rows.get(relation)?.get(name);
    assert.ok(written, `${relation}.${name} is missing`);
    assert.match(
      written,
      TYPES[type] ?? /never/,
      `${relation}.${name}: ${type}`,
    );
    assert.equal(
      /\| null$|^unknown/.test(written),
      nullable || type === "interval",
      `${relation}.${name}: ${written}`,
    );
  }
  const count = [...rows.values()].reduce((sum, { size }) => sum + size, 0);
  assert.equal(count, columns.length);
});
