import assert from "node:assert/strict";
import type { TransactionSql } from "postgres";
import { inRollback } from "./rollback.ts";
import type { Shop } from "./shop.ts";

/** One way to break an invariant, and whom the rule then names. */
export interface Break<Scene> {
  invariant: string;
  how: string;
  subject: (scene: Scene) => string;
  harm: (sql: TransactionSql, scene: Scene) => Promise<unknown>;
}

/** The rules that a function of invariants consists of. */
export async function rulesOf(
  { stack }: Shop,
  functionName: string,
): Promise<string[]> {
  const [row] = await stack.sql<{ text: string }[]>`
    select pg_get_functiondef(p.oid) as text from pg_proc as p
    where p.proname = ${functionName} and p.pronamespace = 'toss_private'::regnamespace`;
  const rules = row?.text.matchAll(/^\s*select '([a-z_]+)',/gm) ?? [];
  return [...new Set([...rules].map(([, name = ""]) => name))].sort();
}

/** Does the harm past every trigger and foreign key, and takes it back; the subjects that the rule names. */
export async function subjectsAfter<Scene>(
  { stack }: Shop,
  { invariant, harm }: Break<Scene>,
  scene: Scene,
): Promise<string[]> {
  return await inRollback(stack.sql, async (sql) => {
    await sql`set local session_replication_role = replica`;
    await harm(sql, scene);
    const found = await sql<{ subject: string; detail: string }[]>`
      select subject, detail from public.invariant_violations()
      where invariant = ${invariant}`;
    assert.ok(found.every(({ detail }) => detail !== ""));
    return found.map(({ subject }) => subject);
  });
}
