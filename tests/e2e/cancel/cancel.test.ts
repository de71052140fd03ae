import assert from "node:assert/strict";
import { buy, type Purchase } from "../../support/buy.ts";
import {
  balanceOf,
  cancel,
  cancelOperations,
  cancelRequests,
  ledger,
  newRequestId,
  outboxEvents,
} from "../../support/cancel.ts";
import {
  addProduct,
  auditEvents,
  orderRow,
  stockOf,
} from "../../support/database.ts";
import { watchRoundTrips } from "../../support/round-trips.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { bookOf } from "../../support/toss-side.ts";
import { signUp } from "../../../stack/users.ts";
import { settleWebhooks, withoutWebhooks } from "../../support/webhooks.ts";

const test = shopTests();

let products = 0;

/** A paid order of 3 units of a product of its own, which had 10: 3,000 won. */
async function buyThree(shop: Shop): Promise<[Purchase, string]> {
  const productId = `canceled-${++products}`;
  await addProduct(shop, productId, 10);
  const items = [{ productId, quantity: 3 }];
  return [await buy(shop, { items }), productId];
}

test("cancel() gives everything back and answers the ledger", async (shop) => {
  const [{ orderId, paymentKey }, productId] = await buyThree(shop);

  const { status, body } = await cancel(shop, { orderId });

  assert.equal(status, 200, JSON.stringify(body));
  const [entry] = await ledger(shop, paymentKey);
  const [listed] = body.cancels as Record<string, unknown>[];
  assert.deepEqual(body, {
    status: "refunded",
    orderId,
    paymentKey,
    canceledAmount: 3000,
    balanceAmount: 0,
    cancels: [{
      transactionKey: entry?.transaction_key,
      amount: 3000,
      reason: "고객 변심",
      canceledAt: listed?.canceledAt,
    }],
  });
  assert.ok(!Number.isNaN(Date.parse(String(listed?.canceledAt))));
  assert.equal((await orderRow(shop, orderId)).status, "refunded");
  assert.equal(await stockOf(shop, productId), 10);
  assert.equal(bookOf(shop, paymentKey).status, "CANCELED");
});

test("partial cancels three times, then the rest: the ledger is Toss's, the balance 0, the order refunded", async (shop) => {
  const [{ orderId, paymentKey }, productId] = await buyThree(shop);

  for (const [index, cancelAmount] of [500, 700, 800].entries()) {
    const { status, body } = await cancel(shop, { paymentKey, cancelAmount });
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(body.status, "partially_refunded");
    assert.equal(body.balanceAmount, [2500, 1800, 1000][index]);
    assert.equal(await stockOf(shop, productId), 7);
  }
  const { body } = await cancel(shop, { orderId });

  assert.equal(body.status, "refunded");
  assert.equal(body.canceledAmount, 3000);
  const book = bookOf(shop, paymentKey);
  assert.equal(book.status, "PARTIAL_CANCELED");
  assert.deepEqual(
    (await ledger(shop, paymentKey)).map((entry) => entry.transaction_key),
    book.cancels.map(({ transactionKey }) => transactionKey),
  );
  assert.deepEqual(await balanceOf(shop, paymentKey), {
    balance: 0,
    reserved: 0,
    tax_free: 0,
  });
  assert.equal((await orderRow(shop, orderId)).status, "refunded");
  assert.equal(await stockOf(shop, productId), 10);
});

test("cancel() of the same amount again is another cancel", async (shop) => {
  const [{ paymentKey }] = await buyThree(shop);

  const first = await cancel(shop, { paymentKey, cancelAmount: 1000 });
  const second = await cancel(shop, { paymentKey, cancelAmount: 1000 });

  assert.equal(first.body.balanceAmount, 2000);
  assert.equal(second.body.balanceAmount, 1000);
  assert.equal(bookOf(shop, paymentKey).cancels.length, 2);
});

test("a repeat of a requestId answers what it answered, whatever happened since", async (shop) => {
  const [{ orderId, paymentKey }] = await buyThree(shop);
  const body = { paymentKey, cancelAmount: 1000, requestId: newRequestId() };
  const first = await cancel(shop, body);
  await cancel(shop, { orderId, cancelAmount: 500 });
  const before = cancelRequests(shop).length;

  const again = await cancel(shop, { ...body, paymentKey: undefined, orderId });

  assert.equal(again.status, 200);
  assert.deepEqual(again.body, first.body);
  assert.equal(cancelRequests(shop).length, before);
});

for (
  const [what, change] of Object.entries({
    "another amount": { cancelAmount: 999 },
    "everything": { cancelAmount: undefined },
    "another reason": { cancelReason: "품절" },
    "another tax-free part": { taxFreeAmount: 0 },
  })
) {
  test(`a requestId that comes back with ${what} is refused and named`, async (shop) => {
    const [{ paymentKey }] = await buyThree(shop);
    const body = { paymentKey, cancelAmount: 1000, requestId: newRequestId() };
    assert.equal((await cancel(shop, body)).status, 200);

    const { status, body: answer } = await cancel(shop, { ...body, ...change });

    assert.equal(status, 400);
    assert.equal(answer.code, "invalid_request");
    assert.match(JSON.stringify(answer.details), /"requestId"/);
    assert.equal(bookOf(shop, paymentKey).cancels.length, 1);
  });
}

test("an ordinary cancel costs two round trips to the database and one to Toss", async (shop) => {
  withoutWebhooks(shop);
  const [{ paymentKey }] = await buyThree(shop);
  const roundTrips = watchRoundTrips(shop);

  assert.equal((await cancel(shop, { paymentKey })).status, 200);

  assert.deepEqual(roundTrips(), {
    rest: ["/rest/v1/rpc/begin_cancel", "/rest/v1/rpc/settle_cancel"],
    toss: [`POST /v1/payments/${paymentKey}/cancel`],
  });
});

test("every refund is told to other systems once, with who and why; a full one by its own name", async (shop) => {
  const [{ orderId, paymentKey, amount }] = await buyThree(shop);

  await cancel(shop, { paymentKey, cancelAmount: 1000 });
  await cancel(shop, { paymentKey, cancelReason: "품절" });
  await settleWebhooks(shop);

  const told = await outboxEvents(shop, orderId);
  const [first, second] = bookOf(shop, paymentKey).cancels;
  const facts = { orderId, paymentKey, currency: "KRW", source: "cancel" };
  assert.deepEqual(told, [
    {
      type: "payment.partially_refunded",
      payload: {
        ...facts,
        transactionKey: first?.transactionKey,
        amount: 1000,
        balanceAmount: 2000,
        reason: "고객 변심",
        requestedBy: "operator",
        orderStatus: "partially_refunded",
      },
    },
    {
      type: "payment.refunded",
      payload: {
        ...facts,
        transactionKey: second?.transactionKey,
        amount: amount - 1000,
        balanceAmount: 0,
        reason: "품절",
        requestedBy: "operator",
        orderStatus: "refunded",
      },
    },
  ]);
  const lines = await shop.stack.sql`
    select distinct detail ->> 'requestedBy' as who, detail ->> 'reason' as why
    from public.payment_events
    where order_id = ${orderId} and event in ('operation_started', 'operation_finished')
      and detail ? 'requestedBy' order by 2`;
  assert.deepEqual([...lines], [
    { who: "operator", why: "고객 변심" },
    { who: "operator", why: "품절" },
  ]);
});

test("a partial refund keeps a pass, a full one takes it", async (shop) => {
  const user = await signUp(shop);
  const { paymentKey } = await buy(shop, { planId: "basic" }, user.accessToken);
  const plans = async () =>
    (await user.client.from("user_plans").select("plan, status")).data;

  await cancel(shop, { paymentKey, cancelAmount: 900 });
  assert.deepEqual(await plans(), [{ plan: "basic", status: "active" }]);
  await cancel(shop, { paymentKey });
  assert.deepEqual(await plans(), [{ plan: "basic", status: "canceled" }]);
});

for (const cancelAmount of [3001, 9_000_000_000]) {
  test(`cancel() of ${cancelAmount} of 3,000 is refused without asking Toss`, async (shop) => {
    const [{ orderId, paymentKey }] = await buyThree(shop);
    const before = cancelRequests(shop).length;

    const { status, body } = await cancel(shop, { paymentKey, cancelAmount });

    assert.equal(status, 422);
    assert.equal(body.code, "cancel_amount_exceeds_balance");
    assert.equal(body.retryable, false);
    assert.deepEqual(body.details, { availableAmount: 3000 });
    assert.equal(cancelRequests(shop).length, before);
    assert.deepEqual(await cancelOperations(shop, paymentKey), []);
    assert.ok((await auditEvents(shop, orderId)).includes("cancel_refused"));
  });
}

test("cancel() of a payment that is given back already is refused", async (shop) => {
  const [{ orderId, paymentKey }] = await buyThree(shop);
  await cancel(shop, { paymentKey });

  for (const body of [{ orderId }, { paymentKey, cancelAmount: 1 }]) {
    const { status, body: answer } = await cancel(shop, body);
    assert.equal(status, 422);
    assert.equal(answer.code, "cancel_amount_exceeds_balance");
  }
});
