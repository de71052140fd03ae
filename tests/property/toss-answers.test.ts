import assert from "node:assert/strict";
import fc from "fast-check";
import { webhookUrl } from "../../stack/webhook-url.ts";
import type { TossCall } from "../../supabase/functions/_shared/toss/error-catalogue/proofs.ts";
import {
  addPlan,
  charge,
  issue,
  registerCard,
  registerInWindow,
  subscribe,
} from "../support/billing.ts";
import { chargeRows, daysAfter } from "../support/billing-rows.ts";
import { assertInvariantsHold } from "../support/books.ts";
import { buy, confirm, payInWindow, placeOrder } from "../support/buy.ts";
import { callFunction } from "../support/call-function.ts";
import { cancel, cancelOperations, newRequestId } from "../support/cancel.ts";
import {
  dropReceipt,
  paidByBank,
  receiptRows,
  receiptsAtToss,
  requestReceipt,
} from "../support/cash-receipts.ts";
import { orderRow } from "../support/database.ts";
import { accountsAtToss, requestAccount } from "../support/issue-account.ts";
import { propertyRuns } from "../support/property-runs.ts";
import type { Shop } from "../support/shop.ts";
import { shopTests } from "../support/shop-test.ts";
import { oddExchange, plantAnswers, TRAPS } from "../support/toss-answers.ts";
import { bookOf } from "../support/toss-side.ts";
import { buyerHeaders, signUp } from "../../stack/users.ts";
import { settleWebhooks, withoutWebhooks } from "../support/webhooks.ts";
import { advance, alignClocks, work } from "../support/worker.ts";

/** Exchanges per call besides the traps. */
const RUNS = propertyRuns(3);

/** Past the first pauses, Toss's longest answer, its 10 minutes, the longest pause. */
const HEALING_SECONDS = [3, 10, 30, 61, 65, 70, 130, 300, 620, 700];

const test = shopTests();

/** Lets time pass on both sides, the worker coming by, until nothing is open. */
async function heal(shop: Shop): Promise<void> {
  for (const seconds of HEALING_SECONDS) {
    await advance(shop, seconds);
    await work(shop, "operations");
    await settleWebhooks(shop);
  }
  shop.simulator.clearFaults();
  const open = await shop.stack.sql`
    select kind, state, error_code, attempts from public.operations where state in ('started', 'unknown')`;
  assert.deepEqual([...open], [], "nothing that Toss finished stays open");
  await assertInvariantsHold(shop);
}

/** Checks a kind of operation against whatever Toss may answer it. */
function answerTest(
  name: string,
  call: TossCall,
  run: (shop: Shop, plant: () => void) => Promise<void>,
): void {
  test(name, async (shop) => {
    await alignClocks(shop);
    const property = fc.asyncProperty(oddExchange(call), async (exchange) => {
      const { stack, simulator } = shop;
      simulator.clearFaults();
      if (exchange.hasWebhooks) {
        simulator.setWebhookUrls([webhookUrl(stack.functionsUrl, {})]);
      } else withoutWebhooks(shop);
      await run(shop, () => plantAnswers(shop, call, exchange));
    });
    await fc.assert(property, {
      numRuns: TRAPS.length + RUNS,
      endOnFailure: true,
      examples: TRAPS.map((exchange): [typeof exchange] => [exchange]),
    });
  });
}

answerTest(
  "a payment is taken once and known, whatever Toss answers to its confirm",
  "confirm",
  async (shop, plant) => {
    const order = await placeOrder(shop);
    const first = payInWindow(shop, order);
    const second = payInWindow(shop, order);
    plant();

    const told = await confirm(shop, first);
    // Who is refused pays again at once; who waits may try.
    const toldAgain = await confirm(shop, second);
    await heal(shop);

    if (told.status === 202) assert.equal(toldAgain.status, 409);
    const approvals = [first, second]
      .map(({ paymentKey }) => bookOf(shop, paymentKey).approvals);
    const paid = approvals.reduce((sum, count) => sum + count, 0);
    assert.ok(paid <= 1, `taken ${paid} times`);
    if (told.status >= 400) {
      assert.equal(approvals[0], 0, `refused with ${told.status}, and taken`);
    }
    const { status } = await orderRow(shop, order.orderId);
    assert.equal(status, paid === 1 ? "paid" : "pending");
  },
);

answerTest(
  "a refund is made once and known, whatever Toss answers to its cancel",
  "cancel",
  async (shop, plant) => {
    const { paymentKey } = await buy(shop);
    await settleWebhooks(shop);
    plant();
    const ask = (cancelReason: string) =>
      cancel(shop, {
        paymentKey,
        cancelAmount: 1000,
        cancelReason,
        requestId: newRequestId(),
      });

    const told = await ask("first");
    const isRefused = told.status >= 400;
    if (isRefused) await ask("again");
    await heal(shop);

    const { cancels, balanceAmount } = bookOf(shop, paymentKey);
    const made = (reason: string) =>
      cancels.filter(({ cancelReason }) => cancelReason === reason).length;
    assert.ok(made("first") + made("again") <= 1, "given back twice");
    if (isRefused) assert.equal(made("first"), 0, "refused, and given back");
    const operations = await cancelOperations(shop, paymentKey);
    const succeeded = operations.filter(({ state }) => state === "succeeded");
    assert.equal(succeeded.length, cancels.length);
    const [row] = await shop.stack.sql<{ balance: number; reserved: number }[]>`
    select balance_amount::int as balance, reserved_amount::int as reserved
    from public.payments where payment_key = ${paymentKey}`;
    assert.deepEqual(row, { balance: balanceAmount, reserved: 0 });
  },
);

answerTest(
  "an order has one virtual account, whatever Toss answers to its issue",
  "virtual_account",
  async (shop, plant) => {
    const { orderId } = await placeOrder(shop);
    plant();

    const told = await requestAccount(shop, { orderId });
    const isRefused = told.status >= 400;
    if (isRefused) await requestAccount(shop, { orderId, bank: "88" });
    await heal(shop);

    const accounts = accountsAtToss(shop, orderId);
    assert.ok(accounts.length <= 1, `${accounts.length} accounts`);
    const { status, payment_key } = await orderRow(shop, orderId);
    assert.equal(
      status,
      accounts.length === 1 ? "waiting_for_deposit" : "pending",
    );
    assert.equal(payment_key, accounts[0]?.paymentKey ?? null);
  },
);

answerTest(
  "a period is charged once and known, whatever Toss answers to its charge",
  "charge",
  async (shop, plant) => {
    const { user, subscription } = await subscribe(shop);
    const { id, currentPeriodEnd } = subscription;
    plant();

    await charge(shop, { subscriptionId: id, asOf: currentPeriodEnd });
    await heal(shop);
    // Who was declined is charged again on another day.
    for (const days of [1, 3]) {
      const asOf = daysAfter(currentPeriodEnd, days);
      await charge(shop, { subscriptionId: id, asOf });
    }

    const orders = await shop.stack.sql<{ id: string }[]>`
    select id from public.orders where user_id = ${user.id}`;
    const ids = orders.map(({ id }) => id);
    const approvals = shop.simulator.books()
      .filter(({ orderId }) => ids.includes(orderId))
      .reduce((sum, book) => sum + book.approvals, 0);
    const charges = await chargeRows(shop, user);
    const paid = charges.filter(({ status }) => status === "paid");
    assert.ok(approvals <= 2, `charged ${approvals - 1} times`);
    assert.equal(paid.length, approvals);
  },
);

answerTest(
  "a registration ends, whatever Toss answers to it",
  "billing_issue",
  async (shop, plant) => {
    const user = await signUp(shop);
    const planId = await addPlan(shop);
    const registration = await registerInWindow(shop, user, { planId });
    plant();
    const { authKey, customerKey } = registration;

    const told = await issue(shop, user, { authKey, customerKey, planId });
    if (told.status >= 400) {
      const next = await registerInWindow(shop, user, { planId });
      await issue(shop, user, {
        authKey: next.authKey,
        customerKey: next.customerKey,
        planId,
      });
    }
    await heal(shop);

    const charges = await chargeRows(shop, user);
    const taken = shop.simulator.books()
      .filter(({ orderId }) =>
        charges.some(({ order_id }) => order_id === orderId)
      )
      .reduce((sum, book) => sum + book.approvals, 0);
    assert.ok(taken <= 1, `subscribed ${taken} times`);
  },
);

answerTest(
  "a removed card is gone at Toss, whatever Toss answers to the removal",
  "billing_delete",
  async (shop, plant) => {
    const user = await signUp(shop);
    const { billingMethodId } = await registerCard(shop, user);
    plant();

    await callFunction(shop, "billing-issue", {
      method: "DELETE",
      headers: buyerHeaders(shop, user.accessToken),
      body: { billingMethodId },
    });
    await heal(shop);

    const [row] = await shop.stack.sql<
      { key_digest: string; ciphertext: string | null }[]
    >`
    select key_digest, ciphertext from toss_private.billing_keys where billing_method_id = ${billingMethodId}`;
    const key = shop.simulator.billingKeys()
      .find(({ keyDigest }) => keyDigest === row?.key_digest);
    assert.equal(row?.ciphertext, null);
    assert.notEqual(key?.deletedAt ?? null, null);
  },
);

answerTest(
  "a payment has one receipt, and it is known, whatever Toss answers to its issue",
  "cash_receipt",
  async (shop, plant) => {
    const { orderId } = await paidByBank(shop);
    plant();

    const told = await requestReceipt(shop, { orderId });
    if (told.status >= 400) await requestReceipt(shop, { orderId });
    await heal(shop);

    const issued = receiptsAtToss(shop, orderId);
    assert.ok(issued.length <= 1, `${issued.length} receipts`);
    assert.deepEqual(
      (await receiptRows(shop, orderId)).map(({ receipt_key }) => receipt_key),
      issued.map(({ receiptKey }) => receiptKey),
    );
  },
);

answerTest(
  "a part of a receipt is canceled once, whatever Toss answers to it",
  "cash_receipt_cancel",
  async (shop, plant) => {
    const { orderId } = await paidByBank(shop);
    await requestReceipt(shop, { orderId });
    plant();

    const told = await dropReceipt(shop, { orderId, amount: 700 });
    if (told.status >= 400) await dropReceipt(shop, { orderId, amount: 700 });
    await heal(shop);

    const rows = await receiptRows(shop, orderId);
    const [issued, canceled, ...more] = receiptsAtToss(shop, orderId);
    assert.deepEqual(more, []);
    assert.equal(issued?.canceledAmount, canceled?.amount ?? 0);
    assert.equal(rows[0]?.canceled_amount, canceled?.amount ?? 0);
  },
);
