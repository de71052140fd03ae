import assert from "node:assert/strict";
import { restoreBackup, takeBackup } from "../../support/backup.ts";
import { buy } from "../../support/buy.ts";
import {
  cancel,
  cancelOperations,
  cancelRequests,
} from "../../support/cancel.ts";
import { makeOperationDue, orderRow } from "../../support/database.ts";
import { eventually } from "../../support/eventually.ts";
import { paidByTransfer, REFUND_ACCOUNT } from "../../support/issue-account.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { bookOf, cancelAtToss } from "../../support/toss-side.ts";
import { settleWebhooks, withoutWebhooks } from "../../support/webhooks.ts";
import {
  askToWithdraw,
  decide,
  requested,
  withdrawalRow,
} from "../../support/withdrawals.ts";
import { moveDatabaseClock, work } from "../../support/worker.ts";
import { signUp } from "../../../stack/users.ts";

const test = shopTests({ environment: { TOSS_TIMEOUT_MS: "2000" } });

async function askedFor(shop: Shop, cart?: unknown) {
  const user = await signUp(shop);
  const purchase = await buy(shop, cart, user.accessToken);
  const withdrawalId = await requested(
    shop,
    purchase.orderId,
    user.accessToken,
  );
  return { ...purchase, user, withdrawalId };
}

function refundsAtToss(shop: Shop, paymentKey: string): number[] {
  return bookOf(shop, paymentKey).cancels.map(({ cancelAmount }) =>
    cancelAmount
  );
}

test("accepted five times at once, a withdrawal is refunded once", async (shop) => {
  const { orderId, paymentKey, amount, withdrawalId } = await askedFor(shop);

  const answers = await Promise.all(
    Array.from(
      { length: 5 },
      () => decide(shop, { withdrawalId, action: "accept" }),
    ),
  );

  for (const { status, body } of answers) {
    assert.equal(status, 200, JSON.stringify(body));
    assert.deepEqual(body, answers[0]?.body);
  }
  assert.equal(answers[0]?.body.status, "accepted");
  assert.deepEqual(refundsAtToss(shop, paymentKey), [amount]);
  assert.equal((await orderRow(shop, orderId)).status, "refunded");
  assert.equal((await cancelOperations(shop, paymentKey)).length, 1);
});

test("accepted and refused at once, one decision stands, and the money follows it", async (shop) => {
  for (let round = 0; round < 4; round++) {
    const { paymentKey, amount, withdrawalId } = await askedFor(shop);
    const actions = ["accept", "refuse", "accept", "refuse"];

    const answers = await Promise.all(
      actions.map((action) => decide(shop, { withdrawalId, action })),
    );

    const row = await withdrawalRow(shop, withdrawalId);
    const winner = row?.status === "accepted" ? "accept" : "refuse";
    const told = answers.map(({ status, body }) => [status, body.code]);
    assert.deepEqual(
      told,
      actions.map((action) =>
        action === winner ? [200, undefined] : [409, "withdrawal_decided"]
      ),
    );
    assert.deepEqual(
      refundsAtToss(shop, paymentKey),
      winner === "accept" ? [amount] : [],
    );
  }
});

test("while a partial refund is open, an acceptance waits and takes what it leaves", async (shop) => {
  const { orderId, paymentKey, amount, withdrawalId } = await askedFor(shop);
  shop.simulator.addFault({
    kind: "delay_before",
    milliseconds: 1000,
    pathPattern: "/cancel$",
  });

  const [partial, accepted] = await Promise.all([
    cancel(shop, { orderId, cancelAmount: 1000 }),
    eventually(
      "the partial refund is open",
      async () => (await cancelOperations(shop, paymentKey)).length === 1,
    ).then(() => decide(shop, { withdrawalId, action: "accept" })),
  ]);

  assert.equal(partial.status, 200, JSON.stringify(partial.body));
  assert.equal(accepted.status, 200, JSON.stringify(accepted.body));
  assert.deepEqual(refundsAtToss(shop, paymentKey), [1000, amount - 1000]);
});

test("while Toss is silent an acceptance is 202, and the worker ends it once", async (shop) => {
  withoutWebhooks(shop);
  const { paymentKey, amount, withdrawalId } = await askedFor(shop);
  shop.simulator.addFault({
    kind: "lose_answer_after",
    pathPattern: "/cancel$",
  });

  const first = await decide(shop, { withdrawalId, action: "accept" });

  assert.equal(first.status, 202, JSON.stringify(first.body));
  assert.deepEqual(first.body, { status: "processing", withdrawalId });
  assert.equal((await withdrawalRow(shop, withdrawalId))?.status, "accepted");
  await eventually("the refund is proven", async () => {
    await moveDatabaseClock(shop, 30);
    await work(shop, "operations");
    return (await cancelOperations(shop, paymentKey))[0]?.state === "succeeded";
  });
  const again = await decide(shop, { withdrawalId, action: "accept" });
  assert.equal(again.status, 200);
  assert.deepEqual(refundsAtToss(shop, paymentKey), [amount]);
});

test("a caller that dies after its decision leaves the refund to the worker", async (shop) => {
  const { orderId, paymentKey, amount, withdrawalId } = await askedFor(shop);
  const before = cancelRequests(shop).length;
  // What the function asks the database for before it would have asked Toss.
  const [row] = await shop.stack.sql<{ answer: { outcome: string } }[]>`
      select public.decide_withdrawal(${
    shop.stack.sql.json({
      withdrawalId,
      action: "accept",
      namesRefund: false,
      requestDigests: ["a".repeat(64)],
      operationId: crypto.randomUUID(),
      leaseToken: crypto.randomUUID(),
      leaseSeconds: 7,
      mode: "test",
      logRequestId: "died-in-the-middle",
    })
  }) as answer`;
  assert.equal(row?.answer.outcome, "proceed");
  assert.equal(cancelRequests(shop).length, before);

  await makeOperationDue(shop, orderId);
  await work(shop, "operations");

  assert.deepEqual(refundsAtToss(shop, paymentKey), [amount]);
  const again = await decide(shop, { withdrawalId, action: "accept" });
  assert.equal(again.status, 200, JSON.stringify(again.body));
  assert.deepEqual(refundsAtToss(shop, paymentKey), [amount]);
});

test("a deposited account needs refundReceiveAccount, and another one does not change the refund", async (shop) => {
  const { accessToken } = await signUp(shop);
  const { orderId, paymentKey, amount } = await paidByTransfer(
    shop,
    undefined,
    accessToken,
  );
  const withdrawalId = await requested(shop, orderId, accessToken);
  const accept = (refundReceiveAccount?: Record<string, unknown>) =>
    decide(shop, { withdrawalId, action: "accept", refundReceiveAccount });

  const without = await accept();
  assert.deepEqual([without.status, without.body.code], [
    422,
    "refund_account_required",
  ]);
  assert.equal((await withdrawalRow(shop, withdrawalId))?.status, "requested");
  const made = await accept(REFUND_ACCOUNT);
  assert.equal(made.status, 200, JSON.stringify(made.body));
  const other = await accept({
    ...REFUND_ACCOUNT,
    accountNumber: "1234567890",
  });
  assert.deepEqual([other.status, other.body.code], [400, "invalid_request"]);
  for (const again of [await accept(REFUND_ACCOUNT), await accept()]) {
    assert.deepEqual([again.status, again.body], [200, made.body]);
  }
  assert.deepEqual(refundsAtToss(shop, paymentKey), [amount]);
});

test("a refund that Toss refused is begun anew when the withdrawal is accepted again", async (shop) => {
  const { paymentKey, amount, withdrawalId } = await askedFor(shop);
  shop.simulator.addFault({
    kind: "status_before",
    code: "NOT_CANCELABLE_PAYMENT",
    pathPattern: "/cancel$",
  });
  const alerts = () =>
    shop.stack.sql`select level from public.alerts
      where alert = 'withdrawal_refund_refused' and subject = ${withdrawalId}`;

  const refused = await decide(shop, { withdrawalId, action: "accept" });

  assert.deepEqual([refused.status, refused.body.code], [402, "cancel_failed"]);
  assert.equal((await withdrawalRow(shop, withdrawalId))?.status, "accepted");
  assert.equal((await alerts()).length, 1);
  shop.simulator.clearFaults();
  const made = await decide(shop, { withdrawalId, action: "accept" });
  assert.equal(made.status, 200, JSON.stringify(made.body));
  assert.deepEqual(refundsAtToss(shop, paymentKey), [amount]);
  assert.equal((await alerts()).length, 0);
});

test("an order that is refunded by another way closes its withdrawal", async (shop) => {
  const { paymentKey, amount, withdrawalId } = await askedFor(shop);
  await cancelAtToss(shop, paymentKey);
  await settleWebhooks(shop);

  const row = await withdrawalRow(shop, withdrawalId);
  assert.deepEqual([row?.status, row?.has_refund], ["accepted", false]);
  const accepted = await decide(shop, { withdrawalId, action: "accept" });
  assert.equal(accepted.status, 200, JSON.stringify(accepted.body));
  assert.deepEqual(refundsAtToss(shop, paymentKey), [amount]);
  const refused = await decide(shop, { withdrawalId, action: "refuse" });
  assert.equal(refused.body.code, "withdrawal_decided");
});

for (const isAsked of [false, true]) {
  test(
    `after a restore that forgot the decision, accepting refunds nothing twice (${
      isAsked ? "the worker has asked Toss" : "nobody has asked Toss yet"
    })`,
    async (shop) => {
      const { paymentKey, amount, withdrawalId } = await askedFor(shop);
      const backup = await takeBackup(shop);
      const made = await decide(shop, { withdrawalId, action: "accept" });
      assert.equal(made.status, 200);
      await settleWebhooks(shop);
      await restoreBackup(shop, backup);
      if (isAsked) {
        await shop.stack
          .sql`select toss_private.note_restore(toss_private.clock_now() - interval '1 hour')`;
        await work(shop, "webhooks");
      }

      const again = await decide(shop, { withdrawalId, action: "accept" });

      assert.equal(again.status, 200, JSON.stringify(again.body));
      assert.deepEqual(refundsAtToss(shop, paymentKey), [amount]);
      assert.equal(
        (await withdrawalRow(shop, withdrawalId))?.status,
        "accepted",
      );
    },
  );
}

test("a withdrawal that a restore forgot is the same one when its request is repeated", async (shop) => {
  const user = await signUp(shop);
  const { orderId } = await buy(shop, undefined, user.accessToken);
  const backup = await takeBackup(shop);
  const body = { orderId, requestId: "before-the-restore" };
  const first = await askToWithdraw(shop, body, user.accessToken);
  await restoreBackup(shop, backup);

  const again = await askToWithdraw(shop, body, user.accessToken);

  assert.equal(again.status, 201);
  assert.equal(again.body.withdrawalId, first.body.withdrawalId);
});
