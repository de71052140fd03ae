import assert from "node:assert/strict";
import {
  addPlan,
  change,
  charge,
  registerCard,
  subscribe,
  type Subscriber,
} from "../support/billing.ts";
import { buyerHeaders } from "../../stack/users.ts";
import { callFunction } from "../support/call-function.ts";
import { CHARGES } from "../support/charge-faults.ts";
import type { Shop } from "../support/shop.ts";
import { shopTests } from "../support/shop-test.ts";
import { advance, alignClocks, work } from "../support/worker.ts";
import { createRandom, type Random } from "../../proofs/support/random.ts";

const test = shopTests();

/** What one person asks for at the same moment, ten minutes apart. */
const ROUNDS = 6;
const AT_ONCE = 12;
const CARDS = 4;

/** Somebody in debt with cards that decline, who may look for a plan to try them on. */
interface Trying extends Subscriber {
  methodIds: string[];
  otherPlanId: string;
}

async function addTrying(shop: Shop): Promise<Trying> {
  const subscriber = await subscribe(shop);
  const methodIds = [subscriber.billingMethodId];
  for (let cards = 1; cards < CARDS; cards++) {
    const { billingMethodId } = await registerCard(shop, subscriber.user);
    methodIds.push(billingMethodId);
  }
  const { data } = await subscriber.user.client.from("customers").select();
  shop.simulator.declineCharges({
    customerKey: String(data?.[0]?.customer_key),
    code: "REJECT_CARD_PAYMENT",
    count: "always",
  });
  const { subscription } = subscriber;
  await charge(shop, {
    subscriptionId: subscription.id,
    asOf: subscription.currentPeriodEnd,
  });
  return { ...subscriber, methodIds, otherPlanId: await addPlan(shop) };
}

/** Tries a card in one of the ways there are; answers the status. */
async function tryCard(
  shop: Shop,
  who: Trying,
  random: Random,
): Promise<number> {
  const billingMethodId = random.pick(who.methodIds);
  switch (random.pick(["retry", "change", "change", "subscribe"])) {
    case "retry":
      return (await change(shop, who, "retry_payment")).status;
    case "change":
      return (await change(shop, who, "change_method", { billingMethodId }))
        .status;
    default: {
      const { status } = await callFunction(shop, "subscription", {
        headers: buyerHeaders(shop, who.user.accessToken),
        body: { action: "subscribe", planId: who.otherPlanId, billingMethodId },
      });
      return status;
    }
  }
}

/** The keys of everything that reached Toss about cards: one for each attempt, however often it was repeated. */
function attemptsAtToss({ simulator }: Shop): Set<string> {
  return new Set(
    simulator.requests()
      .filter(({ method, path }) =>
        method === "POST" && path.startsWith("/v1/billing/")
      )
      .map(({ idempotencyKey }) => idempotencyKey ?? ""),
  );
}

/** Answers that are lost or prove nothing. */
function spoil({ simulator }: Shop, seed: number): void {
  const often = { ratio: 0.2, count: "always", ...CHARGES } as const;
  simulator.addFault({ kind: "lose_answer_before", ...often, seed });
  simulator.addFault({
    ...{ kind: "answer", status: 400, code: "NEW_CODE", acts: "never" },
    ...often,
    seed: seed + 1,
  });
}

test("whoever tries registered cards in every way at once has five attempts in ten minutes and twenty a day, whatever Toss answers", async (shop) => {
  const seed = Math.floor(Math.random() * 1_000_000_000);
  const random = createRandom(seed);
  await alignClocks(shop);
  const who = await addTrying(shop);
  await shop.stack.sql`
    delete from toss_private.card_attempts where user_id = ${who.user.id}`;
  spoil(shop, seed);
  const first = attemptsAtToss(shop);
  const statuses: number[] = [];

  for (let round = 0; round < ROUNDS; round++) {
    const before = attemptsAtToss(shop).size;
    statuses.push(
      ...await Promise.all(
        Array.from({ length: AT_ONCE }, () => tryCard(shop, who, random)),
      ),
    );
    await shop.stack.functionsSettled();
    const made = attemptsAtToss(shop).size - before;
    assert.ok(made <= 5, `seed ${seed}: ${made} attempts in round ${round}`);
    await advance(shop, 600);
    await work(shop, "operations");
  }

  const made = attemptsAtToss(shop).size - first.size;
  assert.ok(made > 5 && made <= 20, `seed ${seed}: ${made} attempts`);
  assert.ok(statuses.includes(429), `seed ${seed}: ${statuses}`);
  assert.ok(statuses.every((status) => status < 500), `${seed}: ${statuses}`);
  shop.simulator.clearFaults();
  for (let rounds = 0; rounds < 4; rounds++) {
    await advance(shop, 300);
    await work(shop, "operations");
  }
});
