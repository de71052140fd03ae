import assert from "node:assert/strict";
import { confirm, placeOrder, startPurchase } from "../../support/buy.ts";
import { callFunction } from "../../support/call-function.ts";
import {
  addProduct,
  auditEvents,
  makeOrderOverdue,
  orderRow,
  paymentStatus,
  stockOf,
} from "../../support/database.ts";
import {
  accountsAtToss,
  issuedBy,
  orderByTransfer,
  paidByTransfer,
  payIn,
  requestAccount,
} from "../../support/issue-account.ts";
import { outboxEvents } from "../../support/cancel.ts";
import { watchRoundTrips } from "../../support/round-trips.ts";
import { shopTests } from "../../support/shop-test.ts";
import { signUp } from "../../../stack/users.ts";
import { settleWebhooks, withoutWebhooks } from "../../support/webhooks.ts";

const test = shopTests();

const HOUR_MILLISECONDS = 3_600_000;

function hoursUntil(time: string): number {
  return Math.round((Date.parse(time) - Date.now()) / HOUR_MILLISECONDS);
}

test("virtual-account() issues an account for a pending order", async (shop) => {
  const { orderId, amount } = await placeOrder(shop);

  const issued = issuedBy(await requestAccount(shop, { orderId }));

  assert.equal(issued.orderId, orderId);
  assert.equal(issued.amount, amount);
  assert.equal(issued.virtualAccount.bankCode, "20");
  assert.equal(issued.virtualAccount.customerName, "김토스");
  assert.equal(hoursUntil(issued.virtualAccount.dueDate), 24);
  assert.deepEqual(await orderRow(shop, orderId), {
    status: "waiting_for_deposit",
    payment_key: issued.paymentKey,
  });
  const [book] = accountsAtToss(shop, orderId);
  assert.equal(book?.paymentKey, issued.paymentKey);
});

test("virtual-account() costs two round trips to the database and one to Toss", async (shop) => {
  withoutWebhooks(shop);
  const { orderId } = await placeOrder(shop);
  const roundTrips = watchRoundTrips(shop);

  issuedBy(await requestAccount(shop, { orderId }));

  assert.deepEqual(roundTrips(), {
    rest: [
      "/rest/v1/rpc/begin_virtual_account",
      "/rest/v1/rpc/apply_payment",
    ],
    toss: ["POST /v1/virtual-accounts"],
  });
});

for (const validHours of [1, 24]) {
  test(`virtual-account() waits ${validHours} hours when told so`, async (shop) => {
    const { orderId } = await placeOrder(shop);
    const issued = issuedBy(
      await requestAccount(shop, { orderId, validHours }),
    );
    assert.equal(hoursUntil(issued.virtualAccount.dueDate), validHours);
  });
}

for (const bank of ["국민", "국민은행", "KB국민", "06"]) {
  test(`virtual-account() knows ${bank} by name or code`, async (shop) => {
    const { orderId } = await placeOrder(shop);
    const issued = issuedBy(await requestAccount(shop, { orderId, bank }));
    assert.equal(issued.virtualAccount.bankCode, "06");
  });
}

const INVALID: [string, Record<string, unknown>][] = [
  ["bank", { bank: "99" }],
  ["bank", { bank: "S0" }],
  ["bank", { bank: "" }],
  ["customerName", { customerName: "" }],
  ["customerName", { customerName: "김".repeat(101) }],
  ["customerName", { customerName: "김\u0000" }],
  ["validHours", { validHours: 0 }],
  ["validHours", { validHours: 2161 }],
  ["validHours", { validHours: 1.5 }],
  ["orderId", { orderId: "no" }],
  ["dueDate", { dueDate: "2027-01-01T00:00:00" }],
];

test("virtual-account() names each field that is wrong, and asks nobody", async (shop) => {
  const { orderId } = await placeOrder(shop);
  const roundTrips = watchRoundTrips(shop);
  for (const [field, change] of INVALID) {
    const { status, body } = await requestAccount(shop, { orderId, ...change });
    assert.equal(status, 400, field);
    assert.equal(body.code, "invalid_request");
    const [detail] = body.details as { field: string; problem: string }[];
    assert.equal(detail?.field, field);
    if (field === "bank") assert.match(detail.problem, /20 \(우리\)/);
  }
  assert.deepEqual(roundTrips(), { rest: [], toss: [] });
});

test("an order has one account, whoever asks how often", async (shop) => {
  const first = await orderByTransfer(shop);
  const { orderId } = first;

  const again = issuedBy(await requestAccount(shop, { orderId }));
  const other = issuedBy(await requestAccount(shop, { orderId, bank: "88" }));

  assert.deepEqual(again, first);
  assert.deepEqual(other, first);
  assert.equal(accountsAtToss(shop, orderId).length, 1);
});

test("20 requests at once get the same account", async (shop) => {
  const { orderId } = await placeOrder(shop);
  shop.simulator.addFault({ kind: "delay_before", milliseconds: 200 });

  const answers = await Promise.all(
    Array.from({ length: 20 }, () => requestAccount(shop, { orderId })),
  );

  const [first] = answers.map(issuedBy);
  for (const answer of answers) assert.deepEqual(issuedBy(answer), first);
  assert.equal(accountsAtToss(shop, orderId).length, 1);
});

test("an order that another payment has paid gets no account", async (shop) => {
  const purchase = await startPurchase(shop);
  assert.equal((await confirm(shop, purchase)).status, 200);

  const { status, body } = await requestAccount(shop, {
    orderId: purchase.orderId,
  });

  assert.equal(status, 409);
  assert.equal(body.code, "payment_already_confirmed");
});

test("an account and a confirm of one order never meet at Toss", async (shop) => {
  const purchase = await startPurchase(shop);
  const { orderId } = purchase;
  shop.simulator.addFault({
    kind: "delay_before",
    milliseconds: 200,
    count: 2,
  });

  const [account, card] = await Promise.all([
    requestAccount(shop, { orderId }),
    confirm(shop, purchase),
  ]);

  const codes = [account.body.code, card.body.code];
  assert.equal(
    [account, card].filter(({ status }) => status < 300).length,
    1,
    JSON.stringify(codes),
  );
  assert.ok(codes.includes("operation_in_progress"), JSON.stringify(codes));
});

test("an order whose time is over gets no account, and is given up", async (shop) => {
  await addProduct(shop, "too-late", 1);
  const items = [{ productId: "too-late", quantity: 1 }];
  const { orderId } = await placeOrder(shop, { items });
  await makeOrderOverdue(shop, orderId);

  const { status, body } = await requestAccount(shop, { orderId });

  assert.equal(status, 410);
  assert.equal(body.code, "payment_expired");
  assert.equal((await orderRow(shop, orderId)).status, "expired");
  assert.equal(await stockOf(shop, "too-late"), 1);
});

test("a user's order gets its account from that user alone, a guest's from whoever holds its id", async (shop) => {
  const [owner, other] = [await signUp(shop), await signUp(shop)];
  const { orderId } = await placeOrder(shop, undefined, owner.accessToken);
  for (const token of [undefined, other.accessToken]) {
    const { status, body } = await requestAccount(shop, { orderId }, token);
    assert.equal(status, 404);
    assert.equal(body.code, "order_not_found");
  }
  issuedBy(await requestAccount(shop, { orderId }, owner.accessToken));

  const guest = await placeOrder(shop);
  const body = { orderId: guest.orderId };
  issuedBy(await requestAccount(shop, body, other.accessToken));
  const headers = { apikey: shop.stack.secretKey };
  const { status } = await callFunction(shop, "virtual-account", {
    body,
    headers,
  });
  assert.equal(status, 401);
});

test("a deposit pays the order, and nothing more is issued", async (shop) => {
  const user = await signUp(shop);
  const plan = { planId: "basic" };
  const { orderId, paymentKey } = await orderByTransfer(
    shop,
    plan,
    user.accessToken,
  );
  const plans = async () =>
    (await user.client.from("user_plans").select("plan, status")).data;
  assert.deepEqual(await plans(), []);

  await payIn(shop, paymentKey);

  assert.equal((await orderRow(shop, orderId)).status, "paid");
  assert.deepEqual(await plans(), [{ plan: "basic", status: "active" }]);
  const again = await requestAccount(shop, { orderId }, user.accessToken);
  assert.equal(again.body.code, "payment_already_confirmed");
});

test("a deposit that the bank takes back leaves the order waiting without access, and says so", async (shop) => {
  const user = await signUp(shop);
  const { orderId, paymentKey } = await paidByTransfer(
    shop,
    { planId: "basic" },
    user.accessToken,
  );

  for (const status of ["canceled", "active"]) {
    if (status === "canceled") shop.simulator.reverseDeposit(paymentKey);
    else shop.simulator.deposit(paymentKey);
    await settleWebhooks(shop);
    const { data } = await user.client.from("user_plans").select("status");
    assert.deepEqual(data, [{ status }]);
  }
  shop.simulator.reverseDeposit(paymentKey);
  await settleWebhooks(shop);

  assert.equal((await orderRow(shop, orderId)).status, "waiting_for_deposit");
  assert.equal(await paymentStatus(shop, paymentKey), "WAITING_FOR_DEPOSIT");
  const told = await outboxEvents(shop, orderId);
  assert.deepEqual(told.map(({ type }) => type), [
    "payment.deposit_reversed",
    "payment.deposit_reversed",
  ]);
  assert.equal(told[0]?.payload.userId, user.id);
  assert.ok((await auditEvents(shop, orderId)).includes("payment_status"));
});

test("the window's virtual account is confirmed as waiting, with its account", async (shop) => {
  const { orderId, amount, orderName } = await placeOrder(shop);
  const { paymentKey } = shop.simulator.createPayment({
    orderId,
    amount,
    orderName,
    method: "가상계좌",
  });

  const { status, body } = await confirm(shop, { paymentKey, orderId, amount });

  assert.equal(status, 200);
  assert.equal(body.status, "waiting_for_deposit");
  const issued = issuedBy(await requestAccount(shop, { orderId }));
  assert.deepEqual(issued.virtualAccount, body.virtualAccount);
  await payIn(shop, paymentKey);
  assert.equal((await orderRow(shop, orderId)).status, "paid");
});
