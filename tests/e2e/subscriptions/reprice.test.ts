import assert from "node:assert/strict";
import { runToss } from "../../stack/dev-fixture.ts";
import { addPlan, charge, subscribe } from "../../support/billing.ts";
import { consentRows } from "../../support/consents.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";

const test = shopTests();

function reprice({ stack }: Shop, args: string[]) {
  return runToss("reprice", {
    arguments: args,
    environment: {
      SUPABASE_URL: stack.apiUrl,
      SUPABASE_SECRET_KEY: stack.secretKey,
    },
  });
}

test("toss reprice shows whom it means, plans it once, and the schedule asks", async (shop) => {
  const planId = await addPlan(shop, { consent: "required" });
  const one = await subscribe(shop, { planId });
  await subscribe(shop, { planId });
  const call = [planId, "--amount", "12900"];

  const dry = await reprice(shop, [...call, "--dry-run"]);
  assert.equal(dry.code, 0, dry.stderr);
  assert.match(
    dry.stdout,
    /10,000 won to 12,900 won on \d{4}-\d\d-\d\d, asked from/,
  );
  assert.match(
    dry.stdout,
    /2 have to consent, without it the subscription ends/,
  );
  assert.match(dry.stdout, /Nothing was written/);
  const planned = async () => {
    const rows = await shop.stack.sql`
      select subscriptions::int, asked::int, open::int from public.repricing_progress where plan_id = ${planId}`;
    return rows.map((row) => ({ ...row }));
  };
  assert.deepEqual(await planned(), []);

  const written = await reprice(shop, [...call, "--json"]);
  assert.equal(written.code, 0, written.stderr);
  const { repricingId, subscriptions, priceBefore } = JSON.parse(
    written.stdout,
  );
  assert.equal(subscriptions.length, 2);
  assert.equal(priceBefore, 10_000);
  const again = await reprice(shop, [...call, "--json"]);
  assert.equal(JSON.parse(again.stdout).repricingId, repricingId);

  // When the window of each has opened.
  const opened = subscriptions.map(({ askedFrom }: { askedFrom: string }) =>
    Date.parse(askedFrom)
  );
  await charge(shop, {
    asOf: new Date(Math.max(Date.now(), ...opened) + 1000).toISOString(),
  });
  const [asked, ...others] = await consentRows(
    shop.stack.sql,
    one.subscription.id,
  );
  assert.deepEqual(others, []);
  assert.deepEqual(
    [asked?.kind, asked?.amount_before, asked?.amount_after],
    ["price_rise", 10_000, 12_900],
  );
  assert.deepEqual(await planned(), [{ subscriptions: 2, asked: 2, open: 2 }]);
});

test("toss reprice refuses an unknown plan and a day that is over, in one line", async (shop) => {
  const planId = await addPlan(shop, { consent: "required" });
  for (
    const [args, reason] of [
      [["nothing", "--amount", "12900"], /no such plan/],
      [[planId, "--amount", "12900", "--from", "2020-01-01"], /before today/],
    ] as const
  ) {
    const { code, stderr } = await reprice(shop, [...args]);
    assert.equal(code, 1);
    assert.match(stderr, reason);
    assert.equal(stderr.trim().split("\n").length, 1);
  }
});
