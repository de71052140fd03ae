import assert from "node:assert/strict";
import type { Intercept } from "../../../stack/gateway.ts";
import { buy, placeOrder } from "../../support/buy.ts";
import {
  balanceOf,
  cancel,
  cancelOperations,
  cancelRequests,
  newRequestId,
} from "../../support/cancel.ts";
import {
  accountsAtToss,
  issuedBy,
  requestAccount,
} from "../../support/issue-account.ts";
import { shopTests } from "../../support/shop-test.ts";
import { bookOf } from "../../support/toss-side.ts";
import { withoutWebhooks } from "../../support/webhooks.ts";
import { moveDatabaseClock, work } from "../../support/worker.ts";

/** The next so many calls of a function of the database fail: before it ran, or after. */
interface Outage {
  name: string;
  when: "before" | "after";
  count: number;
}

let outage: Outage | null = null;

const intercept: Intercept = async (request, forward) => {
  const { pathname } = new URL(request.url);
  if (outage === null || outage.count === 0) return await forward();
  if (!pathname.endsWith(`/rpc/${outage.name}`)) return await forward();
  outage.count -= 1;
  if (outage.when === "after") await forward();
  return new Response(null, { status: 502 });
};

const test = shopTests({
  environment: { TOSS_TIMEOUT_MS: "2000" },
  intercept,
});

/** Every try of one request: the first and three more. */
const ALL_TRIES = 4;

for (const when of ["before", "after"] as const) {
  test(`a refund is answered although the database fails once ${when} it has recorded it`, async (shop) => {
    withoutWebhooks(shop);
    const { paymentKey } = await buy(shop);
    outage = { name: "settle_cancel", when, count: 1 };

    const { status, body } = await cancel(shop, {
      paymentKey,
      cancelAmount: 1000,
    });

    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(body.balanceAmount, 2000);
    assert.equal(outage.count, 0, "it did fail");
    assert.equal(bookOf(shop, paymentKey).cancels.length, 1);
  });

  test(`a refund that the database could not record (${when}) is answered with 202 and proven by the worker`, async (shop) => {
    withoutWebhooks(shop);
    const { paymentKey } = await buy(shop);
    const request = {
      paymentKey,
      cancelAmount: 1000,
      requestId: newRequestId(),
    };
    outage = { name: "settle_cancel", when, count: ALL_TRIES };

    assert.equal((await cancel(shop, request)).status, 202);

    assert.equal(outage.count, 0, "it did fail");
    await moveDatabaseClock(shop, 10);
    await work(shop, "operations");
    const again = await cancel(shop, request);
    assert.equal(again.status, 200);
    assert.equal(again.body.canceledAmount, 1000);
    assert.equal(bookOf(shop, paymentKey).cancels.length, 1);
    assert.equal((await balanceOf(shop, paymentKey))?.reserved, 0);
  });

  test(`a refund that could not be begun (${when}) is answered with 503, and the same requestId makes it once`, async (shop) => {
    withoutWebhooks(shop);
    const { paymentKey } = await buy(shop);
    const request = {
      paymentKey,
      cancelAmount: 1000,
      requestId: newRequestId(),
    };
    const before = cancelRequests(shop).length;
    outage = { name: "begin_cancel", when, count: 1 };

    const first = await cancel(shop, request);

    assert.equal(first.status, 503);
    assert.equal(first.body.retryable, true);
    assert.equal(cancelRequests(shop).length, before, "Toss was not asked");
    await moveDatabaseClock(shop, 10);
    assert.equal((await cancel(shop, request)).status, 200);
    assert.equal((await cancelOperations(shop, paymentKey)).length, 1);
    assert.equal(bookOf(shop, paymentKey).cancels.length, 1);
  });

  test(`an account that the database could not record (${when}) is answered with 202 and found by the worker`, async (shop) => {
    withoutWebhooks(shop);
    const { orderId } = await placeOrder(shop);
    outage = { name: "apply_payment", when, count: ALL_TRIES };

    assert.equal((await requestAccount(shop, { orderId })).status, 202);

    await moveDatabaseClock(shop, 10);
    await work(shop, "operations");
    issuedBy(await requestAccount(shop, { orderId }));
    assert.equal(accountsAtToss(shop, orderId).length, 1);
  });
}
