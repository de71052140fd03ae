import assert from "node:assert/strict";
import { createRandom } from "../../../proofs/support/random.ts";
import {
  addPlan,
  callCharge,
  change,
  registerCard,
  subscribe,
  type Subscriber,
} from "../../support/billing.ts";
import { makeChargesDue } from "../../support/billing-rows.ts";
import { buyerHeaders } from "../../../stack/users.ts";
import { callFunction } from "../../support/call-function.ts";
import { eventually } from "../../support/eventually.ts";
import { CHARGES } from "../../support/charge-faults.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { advance, work } from "../../support/worker.ts";

const test = shopTests();

const SUBSCRIBERS = 12;
const STORMS = 7;
const RUNS = 8;
/** Half a month: every second storm meets renewals, the others have room for changes of plan. */
const SECONDS_BETWEEN = 15.5 * 86_400;

const random = createRandom(20_261_122);

/** A subscriber, what else there is to subscribe to, and what else there is to pay with. */
interface Restless extends Subscriber {
  planIds: string[];
  methodIds: string[];
}

async function addRestless(shop: Shop, planIds: string[]): Promise<Restless> {
  const subscriber = await subscribe(shop, { planId: random.pick(planIds) });
  const other = await registerCard(shop, subscriber.user);
  const methodIds = [subscriber.billingMethodId, other.billingMethodId];
  return { ...subscriber, planIds, methodIds };
}

/** Something that a subscriber may do at any moment; answers the status. */
async function doSomething(shop: Shop, who: Restless): Promise<number> {
  const ask = async (action: string, fields: Record<string, unknown> = {}) =>
    (await change(shop, who, action, fields)).status;
  return await random.pick([
    () => ask("cancel_at_period_end"),
    () => ask("resume"),
    () => ask("resume"),
    () => ask("retry_payment"),
    () => ask("change_plan", { planId: random.pick(who.planIds) }),
    () => ask("change_plan", { planId: random.pick(who.planIds) }),
    () => ask("change_method", { billingMethodId: random.pick(who.methodIds) }),
    () => ask("change_method", { billingMethodId: random.pick(who.methodIds) }),
    () => random.chance(0.2) ? ask("cancel_now") : ask("resume"),
    async () => {
      const { status } = await callFunction(shop, "billing-issue", {
        method: "DELETE",
        headers: buyerHeaders(shop, who.user.accessToken),
        body: { billingMethodId: who.methodIds[0] },
      });
      return status;
    },
    async () => {
      if (random.chance(0.7)) return await ask("resume");
      const { billingMethodId } = await registerCard(shop, who.user);
      who.methodIds.push(billingMethodId);
      return 201;
    },
  ])();
}

function addTrouble({ simulator }: Shop, seed: number): void {
  const often = { count: "always", ...CHARGES } as const;
  simulator.addFault({
    kind: "lose_answer_after",
    ratio: 0.15,
    seed,
    ...often,
  });
  simulator.addFault({
    kind: "status_before",
    code: "REJECT_CARD_PAYMENT",
    ratio: 0.15,
    seed: seed + 1,
    ...often,
  });
  simulator.addFault({
    kind: "status_after",
    code: "FAILED_INTERNAL_SYSTEM_PROCESSING",
    ratio: 0.1,
    seed: seed + 2,
    ...often,
  });
  simulator.addFault({
    kind: "status_before",
    code: "INVALID_STOPPED_CARD",
    ratio: 0.05,
    seed: seed + 3,
    ...often,
  });
}

/** Everything is worked off: nothing is open at Toss, nothing is due. */
async function settle(shop: Shop, everybody: Restless[]): Promise<void> {
  // Until then a charge whose method was removed waits for what may be on its way.
  await advance(shop, 120);
  await eventually("no charge is open", async () => {
    for (const { user } of everybody) await makeChargesDue(shop, user);
    await callCharge(shop, {});
    await work(shop, "operations");
    const rows = await shop.stack.sql`
      select 1 from public.operations where state in ('started', 'unknown') and kind = 'charge'`;
    return rows.length === 0;
  });
}

test("eight runs at a time while everybody changes everything: a period is paid once, and every door stays open", async (shop) => {
  const prices = [9_000, 12_000, 30_000];
  const planIds = await Promise.all(
    prices.map((price) => addPlan(shop, { price })),
  );
  const everybody: Restless[] = [];
  for (let number = 0; number < SUBSCRIBERS; number++) {
    everybody.push(await addRestless(shop, planIds));
  }
  const answers: number[] = [];
  for (let storm = 1; storm <= STORMS; storm++) {
    await advance(shop, SECONDS_BETWEEN);
    addTrouble(shop, storm * 100);
    await Promise.all([
      ...Array.from({ length: RUNS }, async () => {
        answers.push((await callCharge(shop, {})).status);
      }),
      ...everybody.flatMap((who) =>
        [1, 2, 3].map(async () => {
          answers.push(await doSomething(shop, who));
        })
      ),
    ]);
    shop.simulator.clearFaults();
    await settle(shop, everybody);
  }

  const wrong = answers.filter((status) => status >= 500);
  assert.deepEqual(wrong, [], "no answer is a failure of ours");
  const twice = await shop.stack.sql`
    select subscription_id, period_number from public.subscription_charges
    where status = 'paid' and kind in ('start', 'renewal')
    group by 1, 2 having count(*) > 1`;
  assert.deepEqual([...twice], []);
  const surplus = await shop.stack.sql`
    select * from public.payment_events where event in ('second_payment', 'charge_impossible')`;
  assert.deepEqual([...surplus], []);
  const [paid] = await shop.stack.sql<{ count: number }[]>`
    select count(*)::integer as count from public.subscription_charges where status = 'paid'`;
  assert.ok((paid?.count ?? 0) > SUBSCRIBERS, "something was renewed");
});
