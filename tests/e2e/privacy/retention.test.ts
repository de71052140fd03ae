import assert from "node:assert/strict";
import { callSql } from "../../support/answers.ts";
import { buy, ONE_STICKER } from "../../support/buy.ts";
import { buyNamed, columnsWithMarkers } from "../../support/personal-data.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { settleWebhooks } from "../../support/webhooks.ts";
import { requested } from "../../support/withdrawals.ts";
import { signUp } from "../../../stack/users.ts";
import { moveDatabaseClock, work } from "../../support/worker.ts";

const test = shopTests({
  environment: {
    RETAIN_WEBHOOK_BODIES_DAYS: "90",
    RETAIN_PERSONAL_DATA_YEARS: "5",
  },
});

const DAY = 24 * 60 * 60;

/** How many bodies of webhooks, readable or encrypted, there are. */
async function bodies({ stack }: Shop): Promise<number> {
  const [row] = await stack.sql<{ bodies: number }[]>`
    select count(*)::int as bodies from public.webhook_events as e
    left join toss_private.webhook_bodies as b on b.webhook_event_id = e.id
    where e.payload <> '{"erased": true}' or b.ciphertext is not null`;
  return row?.bodies ?? 0;
}

test("bodies of webhooks go after their days, the rows stay", async (shop) => {
  await buy(shop, ONE_STICKER);
  await buy(shop, ONE_STICKER);
  await settleWebhooks(shop);
  const kept = await bodies(shop);
  assert.ok(kept >= 2, String(kept));
  await moveDatabaseClock(shop, 89 * DAY);
  assert.equal((await work(shop, "housekeeping")).erasedWebhookBodies, 0);
  assert.equal(await bodies(shop), kept);
  await moveDatabaseClock(shop, 2 * DAY);
  assert.equal((await work(shop, "housekeeping")).erasedWebhookBodies, kept);
  assert.equal(await bodies(shop), 0);
  const again = await work(shop, "housekeeping");
  assert.deepEqual(
    [again.erasedWebhookBodies, again.erasedOrders, again.remaining],
    [0, 0, 0],
  );
});

test("what names a buyer goes after its years, slice by slice; what is open or young stays", async (shop) => {
  const { sql } = shop.stack;
  const old = [];
  for (let count = 0; count < 3; count++) {
    old.push((await buyNamed(shop, undefined)).orderId);
  }
  const { accessToken } = await signUp(shop);
  const open = await buy(shop, ONE_STICKER, accessToken);
  await requested(shop, open.orderId, accessToken);
  await moveDatabaseClock(shop, 5 * 366 * DAY);
  // Young by its last move.
  await sql`update public.orders set updated_at = toss_private.clock_now() where id = ${
    old[2] ?? ""
  }`;
  // By the function itself: the job wakes another run while something is left.
  const slice = () =>
    callSql(sql, "apply_retention", {
      webhookBodyDays: 90,
      personalDataYears: 5,
      limit: 1,
    });
  const slices = [];
  for (let run = 0; run < 5; run++) slices.push(await slice());
  // The two of the test before are old, too.
  assert.deepEqual(
    slices.map(({ erasedOrders }) => erasedOrders),
    [1, 1, 1, 1, 0],
  );
  assert.equal(slices[0]?.remaining, 1);
  const rows = await sql<{ id: string; is_erased: boolean; amount: number }[]>`
    select id, erased_at is not null as is_erased, amount::int from public.orders
    where id = any (${[...old, open.orderId]}) order by created_at`;
  assert.deepEqual(
    rows.map(({ id, is_erased }) => [id, is_erased]),
    [...old.map((id, index) => [id, index < 2]), [open.orderId, false]],
  );
  assert.ok(rows.every(({ amount }) => amount > 0));
  assert.ok((await columnsWithMarkers(sql)).includes("public.orders.metadata"));
  await moveDatabaseClock(shop, 5 * 366 * DAY);
  assert.equal((await work(shop, "housekeeping")).erasedOrders, 1);
  assert.deepEqual(await columnsWithMarkers(sql), []);
});
