import assert from "node:assert/strict";
import { callSql } from "../../support/answers.ts";
import { registerCard } from "../../support/billing.ts";
import { buy, type Purchase } from "../../support/buy.ts";
import { type Break, rulesOf, subjectsAfter } from "../../support/harm.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { settleWebhooks } from "../../support/webhooks.ts";
import { work } from "../../support/worker.ts";
import { signUp } from "../../../stack/users.ts";

const test = shopTests();

/** Somebody with a paid order and a card, who was erased. */
interface Scene extends Purchase {
  userId: string;
}

async function openScene(shop: Shop): Promise<Scene> {
  const user = await signUp(shop);
  const purchase = await buy(shop, undefined, user.accessToken);
  await registerCard(shop, user);
  await settleWebhooks(shop);
  const { outcome } = await callSql(shop.stack.sql, "erase_person", {
    userId: user.id,
    isConfirmed: true,
  });
  assert.equal(outcome, "erased");
  await work(shop, "operations");
  return { ...purchase, userId: user.id };
}

const BREAKS: Break<Scene>[] = [
  {
    invariant: "erased_order_names_nobody",
    how: "an answer of Toss brings a link back",
    subject: ({ orderId }) => orderId,
    harm: (sql, { paymentKey }) =>
      sql`update public.payments set receipt_url = 'https://toss.example' where payment_key = ${paymentKey}`,
  },
  {
    invariant: "erased_order_names_nobody",
    how: "the name stands there again",
    subject: ({ orderId }) => orderId,
    harm: (sql, { orderId }) =>
      sql`update public.orders set customer_name = 'Kim' where id = ${orderId}`,
  },
  {
    invariant: "erased_user_is_not_named",
    how: "a card's number stands there again",
    subject: ({ userId }) => userId,
    harm: (sql, { userId }) =>
      sql`update public.billing_methods set card_number_masked = '4330****123*' where user_id = ${userId}`,
  },
];

for (const breaking of BREAKS) {
  const { invariant, how } = breaking;
  test(`${invariant} is violated when ${how}`, async (shop) => {
    const scene = await openScene(shop);
    assert.deepEqual(await subjectsAfter(shop, breaking, scene), [
      breaking.subject(scene),
    ]);
  });
}

test("every rule about erasures has its harm here", async (shop) => {
  assert.deepEqual(
    [...new Set(BREAKS.map(({ invariant }) => invariant))].sort(),
    await rulesOf(shop, "erasure_violations"),
  );
});
