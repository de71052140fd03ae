import assert from "node:assert/strict";
import postgres, { type Sql } from "postgres";
import {
  readTransitions as readDocumented,
  SUBSCRIPTION_STATES,
  type Transition,
} from "../../../scripts/docs/states/subscription.ts";
import { inRollback } from "../../support/rollback.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { addSubscriber } from "../../support/subscriber.ts";

const test = shopTests();
const START = "2027-01-31T10:00:00+09:00";

async function readTransitions(sql: Sql): Promise<Transition[]> {
  return [
    ...await sql<Transition[]>`
      select status, event, next_status from toss_private.subscription_transitions`,
  ];
}

test("docs/subscriptions.md has the state machine of the database", async (shop) => {
  const byName = (a: Transition, b: Transition) =>
    `${a.event} ${a.status}` < `${b.event} ${b.status}` ? -1 : 1;

  assert.deepEqual(
    (await readDocumented()).sort(byName),
    (await readTransitions(shop.stack.sql)).sort(byName),
  );
});

test("nothing leads out of canceled, and every state but none can be reached", async (shop) => {
  const known = await readTransitions(shop.stack.sql);

  assert.deepEqual(known.filter(({ status }) => status === "canceled"), []);
  const reached = new Set(known.map(({ next_status }) => next_status));
  assert.deepEqual([...reached].sort(), SUBSCRIPTION_STATES.slice(1).sort());
});

/** Writes a status as the superuser, past every function; answers the constraint that refuses it. */
async function force(
  { stack }: Shop,
  from: string,
  to: string,
): Promise<string> {
  try {
    return await inRollback(stack.sql, async (sql) => {
      const { subscriptionId } = await addSubscriber(sql, START);
      const write = (status: string) =>
        sql`
          update public.subscriptions
          set status = ${status}, ended_at = ${
          status === "canceled" ? START : null
        },
            next_charge_at = ${status === "canceled" ? null : START},
            period_number = ${status === "trialing" ? -1 : 0}
          where id = ${subscriptionId}`;
      await sql`set local session_replication_role = replica`;
      await write(from);
      await sql`set local session_replication_role = origin`;
      await write(to);
      return "";
    });
  } catch (error) {
    if (!(error instanceof postgres.PostgresError)) throw error;
    return error.constraint_name ?? error.message;
  }
}

test("every move that is not in the table is refused by a trigger, every one that is passes it", async (shop) => {
  const known = await readTransitions(shop.stack.sql);
  const live = SUBSCRIPTION_STATES.slice(1);
  for (const from of live) {
    for (const to of live.filter((status) => status !== from)) {
      const isKnown = known.some((one) =>
        one.status === from && one.next_status === to
      );
      const refusal = await force(shop, from, to);
      const expected = isKnown ? "" : "subscriptions_move_known";
      assert.equal(refusal, expected, `${from} → ${to}`);
    }
  }
});

test("a subscription is born trialing or active, not otherwise", async (shop) => {
  for (const status of ["past_due", "canceled"]) {
    await assert.rejects(
      inRollback(shop.stack.sql, (sql) =>
        sql`
          insert into public.subscriptions
            (user_id, plan_id, status, current_period_start, current_period_end, ended_at)
          values (gen_random_uuid(), 'basic', ${status}, ${START}, now() + interval '1 year',
            ${status === "canceled" ? START : null})`),
      /a subscription cannot become/,
      status,
    );
  }
});

test("every event is refused by move_subscription() in every state that has no row for it", async (shop) => {
  const known = await readTransitions(shop.stack.sql);
  const events = [...new Set(known.map(({ event }) => event))];
  let refused = 0;
  for (const status of SUBSCRIPTION_STATES.slice(1)) {
    for (const event of events) {
      if (known.some((one) => one.status === status && one.event === event)) {
        continue;
      }
      await assert.rejects(
        inRollback(shop.stack.sql, async (sql) => {
          const { subscriptionId } = await addSubscriber(sql, START);
          await sql`
            select toss_private.move_subscription(
              jsonb_populate_record(s, jsonb_build_object('status', ${status}::text)), ${event}, '{"source":"operator"}')
            from public.subscriptions as s where s.id = ${subscriptionId}`;
        }),
        /cannot happen to a subscription/,
        `${event} when ${status}`,
      );
      refused++;
    }
  }
  assert.ok(refused > 20, `${refused}`);
});
