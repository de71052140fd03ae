import assert from "node:assert/strict";
import { assertInvariantsHold } from "../../support/books.ts";
import {
  type Column,
  columnsOf,
  type Fate,
  fateOf,
  type Mutation,
  mutationsOf,
  type Values,
} from "../../support/mutations/columns.ts";
import { rulesOf } from "../../support/harm.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import type { Connection } from "../../support/subscriber.ts";
import { type Actor, makeScene } from "../../support/mutations/scene.ts";

const test = shopTests({}, assertInvariantsHold);

/** Columns that say nothing about what a customer gets or pays, and why. Every other column is mutated. */
const SILENT: Record<string, Record<string, string>> = {
  subscriptions: {
    needs_payment_method:
      "asks the user for a card; a charge looks at the card itself",
    remind_at: "announces a charge and makes none",
    canceled_at: "when notice was given; access_ends_at says what follows",
    consent_ask_at: "asks for a consent; a charge looks at the consent itself",
    plan_group: "keeps the user from a second plan, not from this one",
    end_reason: "of a live subscription nobody reads it",
    created_at: "a record",
  },
  subscription_charges: {
    billing_method_id:
      "a record of what the last attempt was made to; the next takes the subscription's",
    order_name: "the text on the receipt",
    attempted_at:
      "a record of when; the days are counted from first_declined_at",
    failure_code:
      "a record of a refusal that next_attempt_at has drawn the conclusion from",
    failure_message: "a record",
    failure_class:
      "a record of a refusal that next_attempt_at has drawn the conclusion from",
    paid_at: "a record; period_start and period_end say what was paid for",
    created_at: "a record",
  },
  entitlements: {
    id: "nothing refers to it",
    remaining: "of passes alone",
    created_at: "a record",
  },
  billing_methods: {
    method: "shown",
    card_issuer_code: "shown",
    card_number_masked: "shown",
    card_type: "shown",
    toss_client_key:
      "decides whether a no of Toss is believed, not what it says yes to",
    created_at: "a record",
  },
};

/** Columns that say nothing in some rows, and why. */
const SILENT_SOMETIMES = {
  /** Of a charge that is paid. */
  paid: {
    attempt: "numbers the next attempt, and there is none",
    first_declined_at: "the days are over",
  },
  /** Of access while a charge is open. */
  onCredit: { ends_at: "has no end before Toss's answer: the job prolongs it" },
};

interface MutatedRow {
  id: string;
  kind: keyof typeof SILENT_SOMETIMES | null;
}

/** The rows that decide what an actor gets and pays from now on. */
async function rowsOf(
  sql: Connection,
  table: string,
  { subscriptionId }: Actor,
): Promise<MutatedRow[]> {
  const rows = await {
    subscriptions: sql<MutatedRow[]>`
      select id, null as kind from public.subscriptions where id = ${subscriptionId}`,
    subscription_charges: sql<MutatedRow[]>`
      select c.id, case c.status when 'paid' then 'paid' end as kind from public.subscription_charges as c
      join public.subscriptions as s on s.id = c.subscription_id
      where s.id = ${subscriptionId} and c.period_number >= s.period_number`,
    entitlements: sql<MutatedRow[]>`
      select e.id, case when c.status in ('processing', 'unknown') then 'onCredit' end as kind
      from public.entitlements as e left join public.subscription_charges as c on c.id = e.charge_id
      where e.subscription_id = ${subscriptionId}`,
    billing_methods: sql<MutatedRow[]>`
      select billing_method_id as id, null as kind from public.subscriptions where id = ${subscriptionId}`,
  }[table];
  assert.ok(rows);
  return [...rows];
}

/** What came of a mutation, and whose row it was. */
interface Result extends Mutation {
  actor: string;
  fate: Fate;
}

async function mutateRow(
  sql: Connection,
  row: { table: string; id: string; actor: string },
  columns: Column[],
  values: Values,
): Promise<Result[]> {
  const results = [];
  for (const column of columns) {
    for (const value of mutationsOf(column, values)) {
      const mutation = { ...row, column: column.name, value };
      results.push({ ...mutation, fate: await fateOf(sql, mutation) });
    }
  }
  return results;
}

async function mutateAll(shop: Shop): Promise<Result[]> {
  const { sql } = shop.stack;
  const { actors, values } = await makeScene(sql);
  const results: Result[] = [];
  for (const [table, silent] of Object.entries(SILENT)) {
    const columns = (await columnsOf(sql, table))
      .filter(({ name }) => !(name in silent));
    for (const actor of actors) {
      for (const { id, kind } of await rowsOf(sql, table, actor)) {
        const speaking = columns.filter(({ name }) =>
          kind === null || !(name in SILENT_SOMETIMES[kind])
        );
        const row = { table, id, actor: actor.name };
        results.push(...await mutateRow(sql, row, speaking, values));
      }
    }
  }
  return results;
}

let mutated: Promise<Result[]> | undefined;

for (const [table, silent] of Object.entries(SILENT)) {
  test(`each column of ${table} that says what a customer gets or pays is compared`, async (shop) => {
    const results = (await (mutated ??= mutateAll(shop)))
      .filter((result) => result.table === table);

    const unseen = results.filter(({ fate }) => fate.length === 0)
      .map(({ actor, column, value }) => `${actor}: ${column} = ${value}`);
    assert.deepEqual(unseen, []);
    // A new column is compared, or stands among the silent ones with its reason.
    const compared = results.filter(({ fate }) => fate !== "unchanged");
    const names = (await columnsOf(shop.stack.sql, table))
      .map(({ name }) => name);
    assert.deepEqual(
      names.toSorted(),
      [
        ...new Set([
          ...compared.map(({ column }) => column),
          ...Object.keys(silent),
        ]),
      ].toSorted(),
    );
  });
}

test("every rule of subscription_content_violations() is broken by a mutation", async (shop) => {
  const results = await (mutated ??= mutateAll(shop));

  const named = new Set(
    results.flatMap(({ fate }) => typeof fate === "string" ? [] : fate),
  );
  const rules = await rulesOf(shop, "subscription_content_violations");
  assert.deepEqual(rules.filter((rule) => !named.has(rule)), []);
});
