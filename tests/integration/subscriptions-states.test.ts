import assert from "node:assert/strict";
import postgres from "postgres";
import { inRollback } from "../support/rollback.ts";
import type { Shop } from "../support/shop.ts";
import { shopTests } from "../support/shop-test.ts";
import { addSubscriber } from "../support/subscriber.ts";

const test = shopTests();
const DOCUMENT = new URL("../../docs/subscriptions.md", import.meta.url);
const STATES = ["none", "trialing", "active", "past_due", "canceled"];
const START = "2027-01-31T10:00:00+09:00";

interface Transition {
  status: string;
  event: string;
  next_status: string;
}

async function transitions({ stack }: Shop): Promise<Transition[]> {
  return [
    ...await stack.sql<Transition[]>`
      select status, event, next_status from private.subscription_transitions`,
  ];
}

/** The table of the documentation. */
function tableOf(known: Transition[]): string {
  const events = [...new Set(known.map(({ event }) => event))].sort();
  const rows = events.map((event) => {
    const cells = STATES.map((status) =>
      known.find((one) => one.status === status && one.event === event)
        ?.next_status ?? ""
    );
    return [`\`${event}\``, ...cells];
  });
  const lines = [["", ...STATES], ["---", ...STATES.map(() => "---")], ...rows];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

test("docs/subscriptions.md shows the state machine as the database has it", async (shop) => {
  const known = await transitions(shop);
  const text = await Deno.readTextFile(DOCUMENT);
  const [, shown = ""] =
    text.match(/<!-- states -->\n([\s\S]*?)\n?<!-- \/states -->/) ?? [];

  assert.equal(shown, tableOf(known));
  const [, meanings = ""] = text.split("<!-- /states -->");
  for (const { event } of known) {
    assert.match(
      meanings,
      new RegExp(`^\\| \`${event}\` \\| \\S.*\\|$`, "m"),
      event,
    );
  }
});

test("nothing leads out of canceled, and every state but none can be reached", async (shop) => {
  const known = await transitions(shop);

  assert.deepEqual(known.filter(({ status }) => status === "canceled"), []);
  const reached = new Set(known.map(({ next_status }) => next_status));
  assert.deepEqual([...reached].sort(), STATES.slice(1).sort());
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
  const known = await transitions(shop);
  const live = STATES.slice(1);
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
  const known = await transitions(shop);
  const events = [...new Set(known.map(({ event }) => event))];
  let refused = 0;
  for (const status of STATES.slice(1)) {
    for (const event of events) {
      if (known.some((one) => one.status === status && one.event === event)) {
        continue;
      }
      await assert.rejects(
        inRollback(shop.stack.sql, async (sql) => {
          const { subscriptionId } = await addSubscriber(sql, START);
          await sql`
            select private.move_subscription(
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
