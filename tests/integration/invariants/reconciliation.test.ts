import assert from "node:assert/strict";
import { assertInvariantsHold } from "../../support/books.ts";
import { buy, type Purchase } from "../../support/buy.ts";
import { type Break, rulesOf, subjectsAfter } from "../../support/harm.ts";
import { loseWebhooks, reconcile } from "../../support/reconcile.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { cancelAtToss } from "../../support/toss-side.ts";

// A payment that Toss has forgotten stands in one of the two books only.
const test = shopTests({}, assertInvariantsHold);

/** A run that mended one difference and left one open. */
interface Scene extends Purchase {
  runId: string;
  openId: string;
}

async function openScene(shop: Shop): Promise<Scene> {
  const mended = await buy(shop);
  const gone = await buy(shop);
  await loseWebhooks(shop);
  await cancelAtToss(shop, mended.paymentKey, 500);
  shop.simulator.forgetPayment(gone.paymentKey);
  const { runId, healed } = await reconcile(shop);
  assert.equal(healed, 1);
  const [row] = await shop.stack.sql<{ id: string }[]>`
    select id from public.reconciliation_differences where payment_key = ${gone.paymentKey}`;
  assert.ok(row);
  return { ...mended, runId, openId: row.id };
}

const BREAKS: Break<Scene>[] = [
  {
    invariant: "reconciliation_run_adds_up",
    how: "a mended difference is gone",
    subject: ({ runId }) => runId,
    harm: (sql, { runId }) =>
      sql`delete from public.reconciliation_differences where run_id = ${runId} and resolution = 'healed'`,
  },
  {
    invariant: "difference_is_told_once",
    how: "an open difference was not told",
    subject: ({ openId }) => openId,
    harm: (sql, { openId }) =>
      sql`delete from public.outbox_events where payload ->> 'differenceId' = ${openId}`,
  },
  {
    invariant: "reconciliation_keeps_nothing",
    how: "a run that is over keeps its rows",
    subject: ({ runId }) => runId,
    harm: (sql, { runId }) =>
      sql`insert into toss_private.reconciliation_states
          (run_id, is_default, border, pairs, lease_token, lease_expires_at)
        values (${runId}, false, now(), '{main}', gen_random_uuid(), now())`,
  },
];

for (const broken of BREAKS) {
  test(`invariant_violations() names ${broken.invariant} when ${broken.how}`, async (shop) => {
    const scene = await openScene(shop);
    assert.deepEqual(await subjectsAfter(shop, broken, scene), [
      broken.subject(scene),
    ]);
  });
}

test("every rule of reconciliation_violations() is broken by a test", async (shop) => {
  assert.deepEqual(
    await rulesOf(shop, "reconciliation_violations"),
    BREAKS.map(({ invariant }) => invariant).sort(),
  );
});
