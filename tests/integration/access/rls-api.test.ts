import assert from "node:assert/strict";
import type { SupabaseClient } from "@supabase/supabase-js";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { guestClient, serviceClient } from "../../../stack/users.ts";
import {
  ACCESS_MATRIX,
  actors,
  type Cast,
  countAll,
  expectedReading,
  MAY_BE_EMPTY,
  PERMISSION_DENIED,
  readingOf,
  type Role,
  ROLES,
} from "../../support/access-matrix.ts";

const test = shopTests();

function clients(shop: Shop, { owner, other }: Cast) {
  return {
    anon: guestClient(shop),
    owner: owner.client,
    other: other.client,
    service_role: serviceClient(shop),
  } satisfies Record<Role, SupabaseClient>;
}

test("every role reads through the API what the matrix says", async (shop) => {
  const people = await actors(shop);
  const byRole = clients(shop, people);
  for (const table of Object.keys(ACCESS_MATRIX)) {
    const all = await countAll(shop, table);
    if (MAY_BE_EMPTY.has(table) && all === 0) continue;
    for (const role of ROLES) {
      const { data, error } = await byRole[role].from(table).select();
      if (error !== null) assert.equal(error.code, PERMISSION_DENIED);
      const reading = readingOf(data?.length ?? null, all);
      assert.equal(reading, expectedReading(table, role), `${table} × ${role}`);
    }
  }
});

test("buyers see active products and plans, the service role also the others", async (shop) => {
  const byRole = clients(shop, await actors(shop));
  for (const role of ROLES) {
    for (const [table, hidden] of [["products", "mug"], ["plans", "pro"]]) {
      const { data } = await byRole[role].from(table ?? "").select().eq(
        "id",
        hidden,
      );
      assert.equal(data?.length, role === "service_role" ? 1 : 0);
    }
  }
});

/** What a row of a table is found by, where it is neither the user nor the id. */
const KEY_COLUMN: Record<string, string> = {
  order_items: "order_id",
  payment_cancels: "payment_key",
  payment_events: "order_id",
  job_status: "job",
  alerts: "alert",
  webhook_summary: "status",
};

/** A fingerprint of everything that stands in a table. */
async function contents({ stack }: Shop, table: string): Promise<unknown> {
  const [row] = await stack.sql`
    select md5(string_agg(t::text, '|' order by t::text)) as contents
    from public.${stack.sql(table)} as t`;
  return row;
}

test("no guest and no user writes anything through the API", async (shop) => {
  const people = await actors(shop);
  const byRole = clients(shop, people);
  for (const [table, kind] of Object.entries(ACCESS_MATRIX)) {
    const column = KEY_COLUMN[table] ?? (kind === "own" ? "user_id" : "id");
    const before = await contents(shop, table);
    for (const role of ["anon", "owner", "other"] as const) {
      const rows = byRole[role].from(table);
      const value = { [column]: people.owner.id };
      const attempts = {
        insert: await rows.insert(value),
        upsert: await rows.upsert(value),
        update: await rows.update(value).not(column, "is", null),
        delete: await rows.delete().not(column, "is", null),
      };
      for (const [verb, { error }] of Object.entries(attempts)) {
        assert.ok(error, `${verb} ${table} as ${role}`);
      }
    }
    assert.deepEqual(await contents(shop, table), before, table);
  }
});

test("schema toss_private is not there for the API", async (shop) => {
  const byRole = clients(shop, await actors(shop));
  for (const role of ROLES) {
    for (const table of ["payment_details", "webhook_bodies", "clock"]) {
      const { data, error } = await byRole[role].schema("toss_private").from(
        table,
      )
        .select();
      assert.ok(error, `${table} as ${role}`);
      assert.equal(data, null);
    }
  }
});
