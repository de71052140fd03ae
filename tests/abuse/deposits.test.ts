import assert from "node:assert/strict";
import { buy, confirm, payInWindow, placeOrder } from "../support/buy.ts";
import { cancel, cancelRequests, newRequestId } from "../support/cancel.ts";
import { addProduct, orderRow, stockOf } from "../support/database.ts";
import {
  type IssuedAccount,
  orderByTransfer,
  paidByTransfer,
  requestAccount,
} from "../support/issue-account.ts";
import type { Shop } from "../support/shop.ts";
import { shopTests } from "../support/shop-test.ts";
import { buyerHeaders, signUp } from "../../stack/users.ts";

const test = shopTests();

const USER_HOURS = 72;
const GUEST_HOURS = 24;

function oneOf(productId: string) {
  return { items: [{ productId, quantity: 1 }] };
}

test("a guest's account holds stock for a day at most, a user's for three", async (shop) => {
  const user = await signUp(shop);
  const ask = async (validHours: number, accessToken?: string) => {
    const { orderId } = await placeOrder(shop, undefined, accessToken);
    const answer = await requestAccount(
      shop,
      { orderId, validHours },
      accessToken,
    );
    return [answer.status, answer.body.code ?? null, answer.body.details];
  };
  const refusedWith = (problem: string) => [
    400,
    "invalid_request",
    [{ field: "validHours", problem }],
  ];

  assert.equal((await ask(GUEST_HOURS))[0], 201);
  assert.equal((await ask(USER_HOURS, user.accessToken))[0], 201);
  assert.deepEqual(
    await ask(GUEST_HOURS + 1),
    refusedWith("must be at most 24 for a guest"),
  );
  assert.deepEqual(
    await ask(USER_HOURS + 1, user.accessToken),
    refusedWith("must be at most 72 (VIRTUAL_ACCOUNT_MAX_HOURS)"),
  );
});

async function farDeadlines({ stack }: Shop): Promise<string[]> {
  const rows = await stack.sql<{ subject: string }[]>`
    select subject from public.alerts where alert = 'deadline_far' order by since`;
  return rows.map(({ subject }) => subject);
}

/** The buyer chose the account in Toss's window, whose options the page sets. */
async function accountOfWindow(
  shop: Shop,
  validHours: number,
  accessToken?: string,
): Promise<string> {
  const { orderId, amount, orderName } = await placeOrder(
    shop,
    undefined,
    accessToken,
  );
  const { paymentKey } = shop.simulator.createPayment({
    orderId,
    amount,
    orderName,
    method: "가상계좌",
    virtualAccount: { bank: "국민", customerName: "이토스", validHours },
  });
  const answer = await confirm(shop, { orderId, amount, paymentKey });
  assert.equal(answer.body.status, "waiting_for_deposit");
  return orderId;
}

test("an account of the payment window beyond the limit is adopted, with an alert until its order ends", async (shop) => {
  const user = await signUp(shop);
  await accountOfWindow(shop, GUEST_HOURS);
  await accountOfWindow(shop, USER_HOURS, user.accessToken);
  assert.deepEqual(await farDeadlines(shop), []);

  const guests = await accountOfWindow(shop, 2160);
  const users = await accountOfWindow(shop, 2160, user.accessToken);
  assert.deepEqual(await farDeadlines(shop), [guests, users]);

  assert.equal((await cancel(shop, { orderId: guests })).status, 200);
  assert.deepEqual(await farDeadlines(shop), [users]);
  assert.equal((await cancel(shop, { orderId: users })).status, 200);
  assert.deepEqual(await farDeadlines(shop), []);
});

/** Cancels as a page does that only has the publishable key. */
function giveUp(shop: Shop, body: Record<string, unknown>) {
  return cancel(shop, body, buyerHeaders(shop));
}

test("a guest gives up an order that waits for its deposit with what its page holds, and the stock is back", async (shop) => {
  await addProduct(shop, "given-up", 1);
  const { orderId, paymentKey, amount }: IssuedAccount = await orderByTransfer(
    shop,
    oneOf("given-up"),
  );
  const body = { orderId, paymentKey, amount, requestId: newRequestId() };

  const first = await giveUp(shop, body);
  const again = await giveUp(shop, body);

  assert.equal(first.status, 200, JSON.stringify(first.body));
  assert.equal(first.body.status, "canceled");
  assert.deepEqual([again.status, again.body], [200, first.body]);
  assert.equal((await orderRow(shop, orderId)).status, "canceled");
  assert.equal(await stockOf(shop, "given-up"), 1);
  await placeOrder(shop, oneOf("given-up"));
});

test("a guest gives up an order before any payment, and its window leads nowhere", async (shop) => {
  await addProduct(shop, "left", 1);
  const order = await placeOrder(shop, oneOf("left"));
  const purchase = payInWindow(shop, order);
  const { orderId } = order;

  const first = await giveUp(shop, { orderId });
  const again = await giveUp(shop, { orderId });

  assert.equal(first.status, 200, JSON.stringify(first.body));
  assert.deepEqual(first.body, {
    status: "canceled",
    orderId,
    paymentKey: null,
    canceledAmount: 0,
    balanceAmount: 0,
    cancels: [],
  });
  assert.deepEqual(again.body, first.body);
  assert.equal(await stockOf(shop, "left"), 1);
  assert.equal((await confirm(shop, purchase)).body.code, "payment_expired");
  const answer = await requestAccount(shop, { orderId });
  assert.equal(answer.body.code, "payment_expired");
});

test("a guest gives up nothing else: every other order is answered the same", async (shop) => {
  const user = await signUp(shop);
  const paid = await buy(shop);
  const deposited = await paidByTransfer(shop);
  const waiting = await orderByTransfer(shop);
  const users = await orderByTransfer(shop, undefined, user.accessToken);
  const usersPending = await placeOrder(shop, undefined, user.accessToken);
  const before = cancelRequests(shop).length;
  const refused: Record<string, Record<string, unknown>> = {
    "a paid order": { orderId: paid.orderId },
    "a paid order with all its values": { ...paid },
    "a deposit": { orderId: deposited.orderId },
    "a payment without its order": { paymentKey: waiting.paymentKey },
    "another amount": { orderId: waiting.orderId, amount: waiting.amount + 1 },
    "another payment": {
      orderId: waiting.orderId,
      paymentKey: users.paymentKey,
    },
    "a user's order": { orderId: users.orderId },
    "a user's order without a payment": { orderId: usersPending.orderId },
    "an order that does not exist": { orderId: "ord_that_does_not_exist" },
  };
  const answers = new Set<string>();
  for (const [what, body] of Object.entries(refused)) {
    const { status, body: answer } = await giveUp(shop, body);
    assert.deepEqual([status, answer.code], [401, "unauthorized"], what);
    answers.add(String(answer.message));
  }
  assert.equal(answers.size, 1, "the answer does not tell what exists");
  assert.equal(cancelRequests(shop).length, before);
  assert.equal(
    (await orderRow(shop, waiting.orderId)).status,
    "waiting_for_deposit",
  );
  assert.equal((await orderRow(shop, usersPending.orderId)).status, "pending");
});

test("an operator who writes amount for cancelAmount gives nothing back", async (shop) => {
  const { orderId } = await buy(shop);
  const { status, body } = await cancel(shop, { orderId, amount: 1_000 });
  assert.deepEqual([status, body.code], [400, "invalid_request"]);
  assert.equal((await orderRow(shop, orderId)).status, "paid");
});

test("a guest's 50 refused cancels of an order are one audit row", async (shop) => {
  const { orderId } = await orderByTransfer(shop);
  for (let index = 0; index < 50; index++) {
    const { status } = await giveUp(shop, { orderId, cancelAmount: 1 });
    assert.equal(status, 400);
  }
  const [row] = await shop.stack.sql<{ lines: number; refusals: number }[]>`
    select (select count(*)::int from public.payment_events
      where order_id = ${orderId} and event = 'cancel_refused') as lines,
      (select refusals from toss_private.order_refusals where order_id = ${orderId}) as refusals`;
  assert.deepEqual({ ...row }, { lines: 1, refusals: 50 });
});
