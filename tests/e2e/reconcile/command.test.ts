import assert from "node:assert/strict";
import { runToss } from "../../stack/dev-fixture.ts";
import { assertInvariantsHold } from "../../support/books.ts";
import { buy } from "../../support/buy.ts";
import { loseWebhooks } from "../../support/reconcile.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { cancelAtToss } from "../../support/toss-side.ts";

// A payment that Toss has forgotten stands in one of the two books only.
const test = shopTests({}, assertInvariantsHold);

function reconcile({ stack }: Shop, ...args: string[]) {
  return runToss("reconcile", {
    arguments: args,
    environment: {
      SUPABASE_URL: stack.apiUrl,
      SUPABASE_SECRET_KEY: stack.secretKey,
    },
  });
}

test("toss reconcile mends, shows its progress, and exits 0 when nothing is open", async (shop) => {
  const { paymentKey } = await buy(shop);
  await loseWebhooks(shop);
  await cancelAtToss(shop, paymentKey);
  await shop.stack.advanceClock({ minutes: 20 });
  const first = await reconcile(shop);
  assert.equal(first.code, 0, first.stdout + first.stderr);
  assert.match(first.stdout, /cancel_missing_here {2}healed/);
  assert.match(first.stdout, /2 compared, 1 healed, 0 open/);
  const quiet = await reconcile(shop);
  assert.equal(quiet.code, 0);
  assert.match(quiet.stdout, /^\S+ to \S+: 2 compared, 0 healed, 0 open/);
});

test("toss reconcile --json prints the run with all that is open, and exits 1", async (shop) => {
  const gone = await buy(shop);
  await loseWebhooks(shop);
  shop.simulator.forgetPayment(gone.paymentKey);
  await shop.stack.advanceClock({ minutes: 20 });
  await reconcile(shop);
  const day = new Date(shop.simulator.now() + 9 * 3_600_000).toISOString()
    .slice(0, 10);
  const { code, stdout } = await reconcile(
    shop,
    ...["--from", day, "--to", day, "--json"],
  );
  assert.equal(code, 1);
  const result = JSON.parse(stdout);
  assert.deepEqual([result.from, result.to], [day, day]);
  assert.deepEqual(Object.keys(result).sort(), [
    ...["compared", "differences", "foreign", "from"],
    ...["healed", "open", "runId", "to"],
  ]);
  assert.equal(result.open, 1);
  const [difference] = result.differences;
  assert.equal(difference.kind, "missing_at_toss");
  assert.equal(difference.paymentKey, gone.paymentKey);
  assert.equal(difference.orderId, gone.orderId);
  assert.deepEqual([difference.theirs, difference.resolution], [null, null]);
});
