import assert from "node:assert/strict";
import { merchantsOf } from "../../../stack/toss.ts";
import { buyerHeaders } from "../../../stack/users.ts";
import { charge, subscribe, type Subscriber } from "../../support/billing.ts";
import {
  chargeRows,
  makeChargesDue,
  subscriptionRow,
} from "../../support/billing-rows.ts";
import {
  buy,
  confirm,
  ONE_STICKER,
  type Purchase,
  startPurchase,
} from "../../support/buy.ts";
import { callFunction } from "../../support/call-function.ts";
import { requestAccount } from "../../support/issue-account.ts";
import { THREE_PAIRS } from "../../support/key-pairs.ts";
import { underVariables } from "../../support/other-variables.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { bookOf, cancelAtToss } from "../../support/toss-side.ts";
import { settleWebhooks, withoutWebhooks } from "../../support/webhooks.ts";
import { advance, work } from "../../support/worker.ts";

/** Keys of somebody else's merchant id, and new ones of the shop's own. */
const OTHERS = {
  secretKey: "test_sk_ofsomebodyelse",
  clientKey: "test_ck_ofsomebodyelse",
  merchantId: "somebodyelse",
};
const RENEWED = {
  secretKey: "test_sk_renewed",
  clientKey: "test_ck_renewed",
  merchantId: "tosssimulator",
};

const test = shopTests({
  environment: { ...THREE_PAIRS, TOSS_TIMEOUT_MS: "2000" },
  simulator: { secretKeys: [...merchantsOf(THREE_PAIRS), OTHERS, RENEWED] },
});

/** What an operator may do to a pair while things live that were made with it. */
function exchanged(pair: "" | "_BILLING", keys: typeof OTHERS) {
  return {
    [`TOSS${pair}_SECRET_KEY`]: keys.secretKey,
    [`TOSS${pair}_CLIENT_KEY`]: keys.clientKey,
  };
}

const WITHOUT_WIDGET = {
  TOSS_WIDGET_SECRET_KEY: "",
  TOSS_WIDGET_CLIENT_KEY: "",
};
const WITHOUT_BILLING = {
  TOSS_BILLING_SECRET_KEY: "",
  TOSS_BILLING_CLIENT_KEY: "",
};

async function lastOperation({ stack }: Shop, orderId: string) {
  const [row] = await stack.sql<
    { id: string; state: string; error_code: string | null }[]
  >`
    select id, state, error_code from public.operations where order_id = ${orderId}
    order by created_at desc limit 1`;
  return row;
}

async function alertsOf({ stack }: Shop, subject: string | undefined) {
  const rows = await stack.sql<{ level: string; alert: string }[]>`
    select level, alert from public.alerts
    where subject = ${subject ?? ""} and alert like 'toss_keys%'`;
  return rows.map(({ level, alert }) => `${level} ${alert}`);
}

/** Lets the worker take up what is open, until nobody waits any more. */
async function resolve(shop: Shop): Promise<void> {
  await advance(shop, 660);
  await work(shop, "operations");
}

/** A purchase of the window that Toss has approved, without anybody here knowing. */
async function paidUnnoticed(shop: Shop): Promise<Purchase> {
  withoutWebhooks(shop);
  const purchase = await startPurchase(shop, { ...ONE_STICKER, ui: "window" });
  const path = "/v1/payments/confirm";
  shop.simulator.addFault({ kind: "lose_answer_after", path, count: "always" });
  assert.equal((await confirm(shop, purchase)).status, 202);
  shop.simulator.clearFaults();
  assert.equal(bookOf(shop, purchase.paymentKey).approvals, 1);
  return purchase;
}

test("a payment whose pair was taken out waits, with an alert, and is confirmed when the pair is back", async (shop) => {
  const purchase = await startPurchase(shop);
  await underVariables(shop, WITHOUT_WIDGET, async (without) => {
    const answer = await confirm(without, purchase);
    assert.equal(answer.status, 202, JSON.stringify(answer.body));
    await advance(shop, 60);
    await work(without, "operations");
  });
  const open = await lastOperation(shop, purchase.orderId);
  assert.deepEqual([open?.state, open?.error_code], [
    "unknown",
    "TOSS_KEYS_MISSING",
  ]);
  assert.deepEqual(await alertsOf(shop, open?.id), [
    "critical toss_keys_missing",
  ]);

  await advance(shop, 60);
  await work(shop, "operations");
  const answer = await confirm(shop, purchase);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  assert.deepEqual(await alertsOf(shop, open?.id), []);
});

test("to another merchant's key Toss knows no payment of ours, and nothing follows from that", async (shop) => {
  const purchase = await paidUnnoticed(shop);
  await underVariables(shop, exchanged("", OTHERS), async (wrong) => {
    await resolve(wrong);
    const answer = await confirm(wrong, purchase);
    assert.equal(answer.status, 202, JSON.stringify(answer.body));
  });
  const open = await lastOperation(shop, purchase.orderId);
  assert.deepEqual([open?.state, open?.error_code], [
    "unknown",
    "TOSS_KEYS_CHANGED",
  ]);
  assert.deepEqual(await alertsOf(shop, open?.id), [
    "critical toss_keys_changed",
  ]);

  await resolve(shop);
  const answer = await confirm(shop, purchase);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
});

test("new keys of the same merchant id know what the old ones made, so that their no counts", async (shop) => {
  // By this payment the new keys prove whose they are.
  await buy(shop, { ...ONE_STICKER, ui: "window" });
  const paid = await paidUnnoticed(shop);
  const invented = {
    ...await startPurchase(shop, { ...ONE_STICKER, ui: "window" }),
    paymentKey: `never-made-${crypto.randomUUID()}`,
  };
  const path = "/v1/payments/confirm";
  shop.simulator.addFault({
    kind: "lose_answer_before",
    path,
    count: "always",
  });
  assert.equal((await confirm(shop, invented)).status, 202);
  shop.simulator.clearFaults();

  await underVariables(shop, exchanged("", RENEWED), resolve);
  assert.equal((await lastOperation(shop, paid.orderId))?.state, "succeeded");
  const refused = await lastOperation(shop, invented.orderId);
  assert.deepEqual([refused?.state, refused?.error_code], [
    "rejected",
    "NOT_FOUND_PAYMENT",
  ]);
});

test("an account is not asked for a second time with another merchant's key", async (shop) => {
  withoutWebhooks(shop);
  const { orderId } = await startPurchase(shop, {
    ...ONE_STICKER,
    ui: "window",
  });
  const path = "/v1/virtual-accounts";
  shop.simulator.addFault({ kind: "lose_answer_after", path, count: "always" });
  assert.equal((await requestAccount(shop, { orderId })).status, 202);
  shop.simulator.clearFaults();
  await underVariables(shop, exchanged("", OTHERS), resolve);
  const open = await lastOperation(shop, orderId);
  assert.deepEqual([open?.state, open?.error_code], [
    "unknown",
    "TOSS_KEYS_CHANGED",
  ]);
  await resolve(shop);
  const accounts = shop.simulator.books().filter((book) =>
    book.orderId === orderId && book.virtualAccount !== null
  );
  assert.equal(accounts.length, 1);
  assert.equal((await lastOperation(shop, orderId))?.state, "succeeded");
});

/** A run for one subscriber at the end of the first period. */
function chargeNext(shop: Shop, { subscription }: Subscriber) {
  return charge(shop, {
    subscriptionId: subscription.id,
    asOf: subscription.currentPeriodEnd,
  });
}

for (
  const [what, variables, code] of [
    ["taken out", WITHOUT_BILLING, "TOSS_KEYS_MISSING"],
    ["another merchant's", exchanged("_BILLING", OTHERS), "TOSS_KEYS_CHANGED"],
  ] as const
) {
  test(`a card whose pair is ${what} is neither charged nor declined, and its subscriber keeps access`, async (shop) => {
    const subscriber = await subscribe(shop);
    await underVariables(shop, variables, async (wrong) => {
      const { paid, declined, unknown } = await chargeNext(wrong, subscriber);
      assert.deepEqual([paid, declined, unknown], [0, 0, 1]);
    });
    const { id } = subscriber.subscription;
    const row = await subscriptionRow(shop, id);
    assert.deepEqual([row.status, row.next_charge_at], ["active", null]);
    const last = (await chargeRows(shop, subscriber.user)).at(-1);
    assert.deepEqual([last?.status, last?.attempt], ["unknown", 1]);
    const open = await lastOperation(shop, last?.order_id ?? "");
    assert.equal(open?.error_code, code);

    await makeChargesDue(shop, subscriber.user);
    await work(shop, "operations");
    assert.equal(
      (await chargeRows(shop, subscriber.user)).at(-1)?.status,
      "paid",
    );
  });

  test(`the key of a card whose pair is ${what} does not count as removed`, async (shop) => {
    const { user, billingMethodId } = await subscribe(shop);
    const remove = (at: Shop) =>
      callFunction(at, "billing-issue", {
        method: "DELETE",
        body: { billingMethodId },
        headers: buyerHeaders(shop, user.accessToken),
      });
    await underVariables(shop, variables, remove);
    const kept = await shop.stack.sql`
      select from toss_private.billing_keys
      where billing_method_id = ${billingMethodId} and ciphertext is not null`;
    assert.equal(kept.length, 1);

    await resolve(shop);
    const gone = await shop.stack.sql`
      select from toss_private.billing_keys
      where billing_method_id = ${billingMethodId} and ciphertext is null`;
    assert.equal(gone.length, 1);
    assert.equal(
      shop.simulator.billingKeys().filter(({ deletedAt }) => deletedAt === null)
        .length,
      shop.simulator.billingKeys().length -
        shop.simulator.requests().filter(({ method, status }) =>
          method === "DELETE" && status === 200
        ).length,
    );
  });
}

test("a webhook about a payment whose pair is another merchant's is tried again, not ignored", async (shop) => {
  const { paymentKey, orderId } = await buy(shop, {
    ...ONE_STICKER,
    ui: "window",
  });
  await settleWebhooks(shop);
  await underVariables(shop, exchanged("", OTHERS), async (wrong) => {
    shop.simulator.setWebhookUrls([`${wrong.stack.functionsUrl}/webhook`]);
    await cancelAtToss(shop, paymentKey, 1_000);
    await settleWebhooks(wrong);
    for (let round = 0; round < 5; round++) {
      await advance(shop, 120);
      await work(wrong, "webhooks");
    }
  });
  const rows = () =>
    shop.stack.sql<{ status: string; last_error: string }[]>`
      select status, last_error from public.webhook_events
      where order_id = ${orderId} order by created_at desc limit 1`;
  const [waiting] = await rows();
  assert.equal(waiting?.status, "failed");
  assert.match(waiting?.last_error ?? "", /TOSS_KEYS_CHANGED/);
  await advance(shop, 3_600);
  await work(shop, "webhooks");
  assert.equal((await rows())[0]?.status, "processed");
});
