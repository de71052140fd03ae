import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import {
  addPlan,
  callCharge,
  subscribe,
  type Subscriber,
} from "../support/billing.ts";
import { CHARGES } from "../support/charge-faults.ts";
import { deleteUser } from "../support/delete-user.ts";
import type { Shop } from "../support/shop.ts";
import { shopTests } from "../support/shop-test.ts";
import { settleWebhooks } from "../support/webhooks.ts";
import { advance, alignClocks, work } from "../support/worker.ts";
import { createRandom } from "../../proofs/support/random.ts";

const test = shopTests();

const SUBSCRIBERS = 12;
/** Runs of `billing-charge` at the same time. */
const RUNS = 5;

/** Past a lease, the pauses of the first tries and Toss's longest answer; Toss answers truly from the fourth on. */
const HEALING_SECONDS = [3, 10, 30, 61, 65, 70, 130, 300, 620];

/** Somebody, and the digest by which Toss's books name the card. */
interface Paying extends Subscriber {
  keyDigest: string;
}

async function addPaying(shop: Shop, planId: string): Promise<Paying> {
  const subscriber = await subscribe(shop, { planId });
  const [key] = await shop.stack.sql<{ key_digest: string }[]>`
    select key_digest from toss_private.billing_keys where billing_method_id = ${subscriber.billingMethodId}`;
  assert.ok(key);
  return { ...subscriber, keyDigest: key.key_digest };
}

/** Answers that prove nothing, to charges that were made, are made later or never. */
function spoil({ simulator }: Shop, seed: number): void {
  const often = { count: "always", ...CHARGES } as const;
  const odd = { kind: "answer", code: "NEW_CODE", ...often } as const;
  const share = { ratio: 0.2 };
  simulator.addFault({
    ...{ kind: "lose_answer_after", ...share, ...often },
    seed,
  });
  simulator.addFault({
    ...{ ...odd, ...share, status: 400, acts: "before" },
    seed: seed + 1,
  });
  simulator.addFault({
    ...{ ...odd, ...share, status: 500, acts: "later", seconds: 20 },
    seed: seed + 2,
  });
  simulator.addFault({
    ...{ ...odd, ...share, status: 403, acts: "never" },
    seed: seed + 3,
  });
}

/** Lets time pass on both sides, both jobs coming by, until nothing is open. */
async function heal(shop: Shop): Promise<void> {
  for (const [round, seconds] of HEALING_SECONDS.entries()) {
    if (round === 3) shop.simulator.clearFaults();
    await advance(shop, seconds);
    await work(shop, "operations");
    await callCharge(shop, {});
    await settleWebhooks(shop);
  }
  const open = await shop.stack.sql`
    select kind, state, error_code, attempts from public.operations where state in ('started', 'unknown')`;
  assert.deepEqual([...open], [], "something stays open");
}

/** How often each card was charged at Toss, in the order of `people`. */
function timesCharged({ simulator }: Shop, people: Paying[]): number[] {
  const books = simulator.books();
  return people.map(({ keyDigest }) =>
    books.filter((book) => book.keyDigest === keyDigest)
      .reduce((sum, { approvals }) => sum + approvals, 0)
  );
}

async function endings({ stack }: Shop, people: Paying[]) {
  const rows = await stack.sql<{ id: string; line: string }[]>`
    select s.id, concat_ws(' ', s.status, s.end_reason, (
      select string_agg(a.alert, ' ') from public.alerts as a where a.subject = s.id::text
    )) as line
    from public.subscriptions as s`;
  const lines = new Map(rows.map(({ id, line }) => [id, line]));
  return people.map(({ subscription }) => lines.get(subscription.id));
}

async function moveToNextPeriod({ stack }: Shop): Promise<void> {
  const [row] = await stack.sql<{ at: Date }[]>`
    select max(current_period_end) as at from public.subscriptions where status <> 'canceled'`;
  assert.ok(row);
  await stack.advanceClock(new Date(row.at.getTime() + 1000));
}

test("accounts go while their cards are charged and Toss answers oddly: nobody who stays misses or pays twice, and who is gone pays no more", async (shop) => {
  const seed = Math.floor(Math.random() * 1_000_000_000);
  const random = createRandom(seed);
  const what = `seed ${seed}`;
  await alignClocks(shop);
  const planId = await addPlan(shop);
  const staying: Paying[] = [];
  const leaving: Paying[] = [];
  for (let count = 0; count < SUBSCRIBERS; count++) {
    const side = count % 2 === 0 ? staying : leaving;
    side.push(await addPaying(shop, planId));
  }
  await moveToNextPeriod(shop);
  spoil(shop, seed);

  await Promise.all([
    ...Array.from({ length: RUNS }, () => callCharge(shop, {})),
    ...leaving.map(async ({ user }) => {
      await delay(random.integer(0, 400));
      await deleteUser(shop, user);
    }),
  ]);
  await shop.stack.functionsSettled();
  const goneAt = await shop.stack.now();
  await heal(shop);

  const once = timesCharged(shop, leaving);
  assert.ok(once.every((times) => times <= 2), `${what}: ${once}`);
  assert.deepEqual(timesCharged(shop, staying), staying.map(() => 2), what);
  assert.deepEqual(
    await endings(shop, leaving),
    leaving.map(() => "canceled user_deleted user_deleted"),
    what,
  );
  assert.deepEqual(
    await endings(shop, staying),
    staying.map(() => "active"),
    what,
  );
  const digests = new Set(leaving.map(({ keyDigest }) => keyDigest));
  assert.deepEqual(
    shop.simulator.billingKeys().filter(({ keyDigest, deletedAt }) =>
      digests.has(keyDigest) && deletedAt === null
    ),
    [],
    `${what}: keys of deleted accounts at Toss`,
  );

  await moveToNextPeriod(shop);
  await heal(shop);

  assert.deepEqual(timesCharged(shop, staying), staying.map(() => 3), what);
  assert.deepEqual(timesCharged(shop, leaving), once, what);
  const begun = await shop.stack.sql`
    select op.id from public.operations as op
    join public.subscription_charges as c on c.id = op.charge_id
    where op.created_at > ${goneAt} and c.user_id in ${
    shop.stack.sql(leaving.map(({ user }) => user.id))
  }`;
  assert.deepEqual(
    [...begun],
    [],
    `${what}: charges begun for deleted accounts`,
  );
});
