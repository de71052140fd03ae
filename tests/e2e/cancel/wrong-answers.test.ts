import assert from "node:assert/strict";
import { assertInvariantsHold } from "../../support/books.ts";
import { buy, type Purchase } from "../../support/buy.ts";
import {
  balanceOf,
  cancel,
  cancelOperations,
  ledger,
  newRequestId,
  outboxEvents,
} from "../../support/cancel.ts";
import { orderRow } from "../../support/database.ts";
import { eventually } from "../../support/eventually.ts";
import {
  orderByTransfer,
  payIn,
  REFUND_ACCOUNT,
} from "../../support/issue-account.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { bookOf } from "../../support/toss-side.ts";
import { buyerHeaders, signUp } from "../../../stack/users.ts";
import { tossAnswers } from "../../support/webhook-scenes/toss-answers.ts";
import {
  deliverWebhook,
  settleWebhooks,
  statusChanged,
  withoutWebhooks,
} from "../../support/webhooks.ts";
import { moveDatabaseClock, work } from "../../support/worker.ts";

// What Toss answers here differs from its books on purpose.
const test = shopTests({}, assertInvariantsHold);

/** Toss tells of what is done now, so not of when the file was loaded; what it tells of long ago is looked at again. */
let start: number | undefined;

/** Toss cancels as it is asked to, and answers with these fields changed. */
function letTossAnswer(
  { simulator }: Shop,
  patch: Record<string, unknown>,
  count: number | "always" = 1,
): void {
  simulator.addFault({
    kind: "wrong_answer",
    method: "POST",
    pathPattern: "/cancel$",
    patch,
    count,
  });
}

function entry(
  { orderId }: Purchase,
  number: number,
  fields: Record<string, unknown>,
) {
  return {
    cancelReason: "고객 변심",
    canceledAt: new Date((start ??= Date.now()) + number * 1000).toISOString(),
    transactionKey: `entry-${number}-of-${orderId.slice(-20)}`,
    cancelStatus: "DONE",
    ...fields,
  };
}

async function askAbout(shop: Shop, { orderId, paymentKey }: Purchase) {
  await deliverWebhook(shop, statusChanged({ orderId, paymentKey }));
  await settleWebhooks(shop);
}

const UNUSABLE: [string, Record<string, unknown>][] = [
  ["no list of cancels", { cancels: null }],
  ["a status nobody knows", { status: "HALF_CANCELED" }],
  ["another total", { totalAmount: 9999 }],
  ["another payment", { paymentKey: "somebody-elses-payment" }],
  ["half a won", { balanceAmount: 2000.5 }],
  ["less than nothing", { balanceAmount: -1 }],
  ["the payment as it was", {
    status: "DONE",
    cancels: null,
    balanceAmount: 3000,
  }],
];

for (const [what, patch] of UNUSABLE) {
  test(`a refund that Toss answers with ${what} stays open, and is made once`, async (shop) => {
    withoutWebhooks(shop);
    const { paymentKey, orderId } = await buy(shop);
    const request = {
      paymentKey,
      cancelAmount: 1000,
      requestId: newRequestId(),
    };
    letTossAnswer(shop, patch, 2);

    assert.equal((await cancel(shop, request)).status, 202);
    assert.equal((await balanceOf(shop, paymentKey))?.reserved, 1000);
    await moveDatabaseClock(shop, 5);
    assert.equal((await work(shop, "operations")).unknown, 1);
    await moveDatabaseClock(shop, 30);
    await work(shop, "operations");

    const again = await cancel(shop, request);
    assert.equal(again.status, 200, JSON.stringify(again.body));
    assert.equal(bookOf(shop, paymentKey).cancels.length, 1);
    assert.equal((await ledger(shop, paymentKey)).length, 1);
    assert.equal((await outboxEvents(shop, orderId)).length, 1);
  });
}

test("refunds of which Toss does not say what was left are told with what was left", async (shop) => {
  withoutWebhooks(shop);
  const purchase = await buy(shop);
  tossAnswers(shop, purchase, {
    status: "PARTIAL_CANCELED",
    balanceAmount: 0,
    // The latest first.
    cancels: [
      entry(purchase, 2, { cancelAmount: 2000 }),
      entry(purchase, 1, { cancelAmount: 1000 }),
    ],
  });

  await askAbout(shop, purchase);

  const told = await outboxEvents(shop, purchase.orderId);
  assert.deepEqual(
    told.map(({ type, payload }) => [
      type,
      payload.amount,
      payload.balanceAmount,
    ]),
    [
      ["payment.partially_refunded", 1000, 2000],
      ["payment.refunded", 2000, 0],
    ],
  );
  assert.equal((await orderRow(shop, purchase.orderId)).status, "refunded");
});

test("a refund that a foreign wallet begins and then aborts raises an alert until it is asked for again", async (shop) => {
  withoutWebhooks(shop);
  const purchase = await buy(shop);
  const { paymentKey, orderId } = purchase;
  const begun = { cancelAmount: 1000, refundableAmount: 2000 };
  letTossAnswer(shop, {
    cancels: [entry(purchase, 1, { ...begun, cancelStatus: "IN_PROGRESS" })],
  });
  const { status } = await cancel(shop, { paymentKey, cancelAmount: 1000 });
  assert.equal(status, 200);
  tossAnswers(shop, purchase, {
    status: "DONE",
    balanceAmount: 3000,
    cancels: [entry(purchase, 1, { ...begun, cancelStatus: "ABORTED" })],
  });

  await askAbout(shop, purchase);

  assert.equal((await orderRow(shop, orderId)).status, "paid");
  assert.deepEqual(await outboxEvents(shop, orderId), []);
  const alerts = () =>
    shop.stack.sql`
      select alert, level from public.alerts where detail like ${`%${orderId}%`}`;
  assert.deepEqual([...await alerts()], [
    { alert: "refund_aborted", level: "critical" },
  ]);
  shop.simulator.clearFaults();
  await cancel(shop, { paymentKey, cancelAmount: 500 });
  assert.deepEqual([...await alerts()], []);
});

test("everything left includes what another refund gave back while it was waited for", async (shop) => {
  const { paymentKey } = await buy(shop);
  const pathPattern = "/cancel$";
  const { simulator } = shop;
  simulator.addFault({ kind: "delay_before", milliseconds: 700, pathPattern });
  simulator.addFault({
    kind: "status_before",
    code: "NOT_CANCELABLE_PAYMENT",
    pathPattern,
  });
  const refused = cancel(shop, { paymentKey, cancelAmount: 1000 });
  await eventually(
    "the first refund is under way",
    async () => (await cancelOperations(shop, paymentKey)).length === 1,
  );

  const { status, body } = await cancel(shop, { paymentKey });

  assert.equal((await refused).status, 402);
  assert.equal(status, 200);
  assert.equal(body.status, "refunded");
  assert.equal(bookOf(shop, paymentKey).balanceAmount, 0);
});

test("a deposit that nobody told us of is found whatever Toss calls the missing account", async (shop) => {
  withoutWebhooks(shop);
  const { orderId, paymentKey } = await orderByTransfer(shop);
  await payIn(shop, paymentKey);
  shop.simulator.addFault({
    kind: "status_before",
    code: "INVALID_REQUEST",
    pathPattern: "/cancel$",
  });

  const { status, body } = await cancel(shop, { orderId });

  assert.equal(status, 422, JSON.stringify(body));
  assert.equal(body.code, "refund_account_required");
  const again = await cancel(shop, {
    orderId,
    refundReceiveAccount: REFUND_ACCOUNT,
  });
  assert.equal(again.body.status, "refunded");
});

test("a user whose deposit came before the cancel may not cancel any more", async (shop) => {
  withoutWebhooks(shop);
  const user = await signUp(shop);
  const { orderId, paymentKey } = await orderByTransfer(
    shop,
    undefined,
    user.accessToken,
  );
  await payIn(shop, paymentKey);
  const headers = buyerHeaders(shop, user.accessToken);

  const first = await cancel(shop, { orderId }, headers);
  const again = await cancel(shop, { orderId }, headers);

  assert.deepEqual([first.status, first.body.code], [403, "forbidden"]);
  assert.deepEqual([again.status, again.body.code], [403, "forbidden"]);
  assert.equal((await orderRow(shop, orderId)).status, "paid");
});
