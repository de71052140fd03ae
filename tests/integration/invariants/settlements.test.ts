import assert from "node:assert/strict";
import { buy, type Purchase } from "../../support/buy.ts";
import { type Break, rulesOf, subjectsAfter } from "../../support/harm.ts";
import { reconcile } from "../../support/reconcile.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";

const test = shopTests();

/** A payment that Toss has settled. */
interface Scene extends Purchase {
  transactionKey: string;
}

async function settled(shop: Shop): Promise<Scene> {
  const purchase = await buy(shop);
  await reconcile(shop);
  const [row] = await shop.stack.sql<{ transaction_key: string }[]>`
    select transaction_key from public.settlements where payment_key = ${purchase.paymentKey}`;
  assert.ok(row);
  return { ...purchase, transactionKey: row.transaction_key };
}

const BREAKS: Break<Scene>[] = [
  {
    invariant: "settlement_difference_is_seen",
    how: "a settlement is of another amount, and no difference says so",
    subject: ({ transactionKey }) => transactionKey,
    harm: (sql, { transactionKey }) =>
      sql`update public.settlements set amount = amount - 1 where transaction_key = ${transactionKey}`,
  },
  {
    invariant: "imported_history_is_not_ours",
    how: "a payment of ours stands in the imported history",
    subject: ({ transactionKey }) => transactionKey,
    harm: (sql, { transactionKey, paymentKey, orderId, amount }) =>
      sql`insert into public.imported_transactions
          (transaction_key, payment_key, order_id, amount, transaction_at, imported_at)
        values (${transactionKey}, ${paymentKey}, ${orderId}, ${amount}, now(), now())`,
  },
];

for (const broken of BREAKS) {
  test(`invariant_violations() names ${broken.invariant} when ${broken.how}`, async (shop) => {
    const scene = await settled(shop);
    assert.deepEqual(await subjectsAfter(shop, broken, scene), [
      broken.subject(scene),
    ]);
  });
}

test("every rule of settlement_violations() is broken by a test", async (shop) => {
  assert.deepEqual(
    await rulesOf(shop, "settlement_violations"),
    BREAKS.map(({ invariant }) => invariant).sort(),
  );
});
