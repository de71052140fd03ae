import assert from "node:assert/strict";
import {
  createTossPayments,
  TossPaymentsError,
} from "../../../packages/client/src/index.ts";
import { guestClient, signUp } from "../../../stack/users.ts";
import { addProduct } from "../../support/database.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { TossPage } from "../../support/toss-page.ts";

const STICKER = { items: [{ productId: "sticker", quantity: 1 }] };

const test = shopTests();

/** The buyer authenticates a payment; answers what Toss appends to the success URL. */
function payAtToss(
  { simulator }: Shop,
  { orderId, amount }: { orderId: string; amount: number },
): string {
  const { paymentKey } = simulator.createPayment({ orderId, amount });
  return `?${new URLSearchParams({
    paymentKey,
    orderId,
    amount: String(amount),
  })}`;
}

async function refusalOf(ask: () => Promise<unknown>) {
  const error = await ask().then(
    () => assert.fail("it was not refused"),
    (error: unknown) => error,
  );
  assert.ok(error instanceof TossPaymentsError, String(error));
  return error;
}

test("complete() confirms on the page's own success page, and answers the same after a reload", async (shop) => {
  const { client } = await signUp(shop);
  const page = new TossPage();
  const tossPayments = createTossPayments(client, {
    successUrl: "https://shop.example/success",
  });
  const order = await page.run(() => tossPayments.buy(STICKER));
  const search = payAtToss(shop, order);

  const first = await page.run(() => tossPayments.complete(), search);
  const again = await page.run(() => tossPayments.complete(), search);

  const { options, clientKey, customerKey } = page.last;
  assert.equal(clientKey, order.clientKey);
  assert.equal(customerKey, order.customerKey);
  assert.equal(options.successUrl, "https://shop.example/success");
  assert.equal(options.failUrl, order.failUrl);
  assert.ok(first?.kind === "payment" && first.payment !== null);
  assert.equal(first.status, "confirmed");
  assert.equal(first.payment.amount, order.amount);
  assert.deepEqual(again, first);
  const paid = await tossPayments.order(order.orderId);
  assert.equal(paid?.status, "paid");
  assert.deepEqual(paid?.items.map(({ product_id }) => product_id), [
    "sticker",
  ]);
  assert.equal(paid?.payments[0]?.status, "DONE");
});

test("complete() reads what the redirect of GET confirm says", async (shop) => {
  const tossPayments = createTossPayments(guestClient(shop));
  const page = new TossPage();
  const order = await page.run(() => tossPayments.buy(STICKER));

  const answer = await fetch(
    `${page.last.options.successUrl}${payAtToss(shop, order)}`,
    { redirect: "manual" },
  );
  await answer.body?.cancel();
  const { search } = new URL(answer.headers.get("location") ?? "");

  assert.deepEqual(await page.run(() => tossPayments.complete(), search), {
    kind: "payment",
    status: "confirmed",
    orderId: order.orderId,
    payment: null,
  });
  // A guest reads no orders, and is told of none.
  assert.equal(await tossPayments.order(order.orderId), null);
  assert.deepEqual(await tossPayments.subscriptions(), []);
});

test("confirm() asks until Toss's answer is known, and waits no longer than it is told", async (shop) => {
  const tossPayments = createTossPayments(guestClient(shop));
  const order = await tossPayments.checkout(STICKER);
  const { orderId, amount } = order;
  const { paymentKey } = shop.simulator.createPayment({ orderId, amount });
  shop.simulator.addFault({
    kind: "lose_answer_after",
    path: "/v1/payments/confirm",
  });
  const request = { paymentKey, orderId, amount };

  const early = await tossPayments.confirm(request, { waitMs: 0 });
  const late = await tossPayments.confirm(request);

  assert.equal(early.status, "processing");
  assert.equal(late.status, "confirmed");
  const [book] = shop.simulator.books()
    .filter((one) => one.orderId === orderId);
  assert.equal(book?.approvals, 1);
});

test("a page whose query is gone, as after a lost network, completes what it had begun", async (shop) => {
  const tossPayments = createTossPayments(guestClient(shop));
  const page = new TossPage();
  const order = await page.run(() => tossPayments.placeOrder(STICKER));
  const search = payAtToss(shop, order);
  const offline = createTossPayments(guestClient({
    stack: { ...shop.stack, apiUrl: "http://127.0.0.1:9" },
  }));

  const lost = await refusalOf(() =>
    page.run(() => offline.complete(), search)
  );
  const found = await page.run(() => tossPayments.complete(), "");

  assert.equal(lost.code, "network_error");
  assert.equal(lost.action, "retry");
  assert.match(lost.userMessage, /[가-힣]/);
  assert.equal(lost.orderId, order.orderId);
  assert.ok(found?.kind === "payment");
  assert.equal(found.status, "confirmed");
  assert.equal(await page.run(() => tossPayments.complete(), ""), null);
});

test("placeOrder() makes one order of a double click, a reload and the back button, and another one once it is paid", async (shop) => {
  const { client } = await signUp(shop);
  const tossPayments = createTossPayments(client);
  const page = new TossPage();
  const place = () => tossPayments.placeOrder(STICKER);

  const [first, second] = await page.run(() => Promise.all([place(), place()]));
  const back = await page.run(place);
  const other = await page.run(() =>
    tossPayments.placeOrder({ items: [{ productId: "mug", quantity: 1 }] })
  );
  const placed = await page.run(place);
  await page.run(() => tossPayments.complete(), payAtToss(shop, placed));
  const next = await page.run(place);

  assert.equal(second.orderId, first.orderId);
  assert.equal(back.orderId, first.orderId);
  const ids = [first, other, placed, next].map(({ orderId }) => orderId);
  assert.equal(new Set(ids).size, 4);
  // What is kept opens nothing.
  assert.doesNotMatch(page.stored(), /_sk_|secret|token/i);
});

test("placeOrder() gives an order to nobody but the user it was made for, nor one that is over", async (shop) => {
  const page = new TossPage();
  const users = [await signUp(shop), await signUp(shop)];
  const [one, two] = users.map(({ client }) => createTossPayments(client));
  assert.ok(one && two);

  const first = await page.run(() => one.placeOrder(STICKER));
  const others = await page.run(() => two.placeOrder(STICKER));
  const mine = await page.run(() => one.placeOrder(STICKER));
  // Paid without the page's knowledge, as in another tab.
  const { orderId, amount } = mine;
  const { paymentKey } = shop.simulator.createPayment({ orderId, amount });
  await one.confirm({ paymentKey, orderId, amount });
  const after = await page.run(() => one.placeOrder(STICKER));

  const ids = [first, others, mine, after].map(({ orderId }) => orderId);
  assert.equal(new Set(ids).size, 4);
});

test("a refusal says what to show and do, and its details have a type", async (shop) => {
  await addProduct(shop, "sold-out", 0);
  const cart = { items: [{ productId: "sold-out", quantity: 1 }] };
  const korean = createTossPayments(guestClient(shop), { language: "ko" });
  const english = createTossPayments(guestClient(shop), { language: "en" });

  const error = await refusalOf(() => korean.checkout(cart));
  const [translated, unknown] = await Promise.all([
    refusalOf(() => english.checkout(cart)),
    refusalOf(() => korean.checkout({ ...cart, price: 1 } as typeof cart)),
  ]);

  assert.ok(error.code === "insufficient_stock");
  assert.equal(error.details?.productId, "sold-out");
  assert.equal(error.details?.available, 0);
  assert.equal(error.action, "fix_input");
  assert.equal(error.status, 409);
  assert.match(error.userMessage, /[가-힣]/);
  assert.ok(error.requestId);
  assert.doesNotMatch(translated.userMessage, /[가-힣]/);
  assert.ok(unknown.code === "invalid_request");
  assert.deepEqual(unknown.details?.map(({ field }) => field), ["price"]);
});

test("a card that is declined leaves the order, for another card", async (shop) => {
  const tossPayments = createTossPayments(guestClient(shop));
  const page = new TossPage();
  const order = await page.run(() => tossPayments.buy(STICKER));
  const search = payAtToss(shop, order);
  const paymentKey = new URLSearchParams(search).get("paymentKey") ?? "";
  shop.simulator.decline(paymentKey, "REJECT_CARD_PAYMENT");

  const error = await refusalOf(() =>
    page.run(() => tossPayments.complete(), search)
  );
  const again = await page.run(() => tossPayments.placeOrder(STICKER));
  const paid = await page.run(
    () => tossPayments.complete(),
    payAtToss(shop, again),
  );

  assert.ok(error.code === "payment_confirm_failed");
  assert.equal(error.tossCode, "REJECT_CARD_PAYMENT");
  assert.equal(error.action, "use_another_method");
  assert.equal(error.orderId, order.orderId);
  assert.equal(again.orderId, order.orderId);
  assert.equal(paid?.status, "confirmed");
});

test("transfer and virtual account are methods of the window, and a deposit is waited for", async (shop) => {
  const { client } = await signUp(shop);
  const tossPayments = createTossPayments(client);
  const page = new TossPage();
  const order = await page.run(() => tossPayments.placeOrder(STICKER));
  for (const method of ["CARD", "TRANSFER", "VIRTUAL_ACCOUNT"] as const) {
    await page.run(() => tossPayments.openWindow(order, { method }));
    const { options } = page.last;
    assert.equal(options.method, method);
    assert.equal(options.successUrl, order.successUrl);
    // Else Toss gives seven days, and each account is an alert `deadline_far`.
    assert.deepEqual(
      options.virtualAccount,
      method === "VIRTUAL_ACCOUNT" ? { validHours: 24 } : undefined,
    );
  }
  const { orderId, amount } = order;
  const { paymentKey } = shop.simulator.createPayment({
    orderId,
    amount,
    method: "가상계좌",
  });

  const confirmed = await tossPayments.confirm({ paymentKey, orderId, amount });

  assert.ok(confirmed.status === "waiting_for_deposit");
  assert.match(confirmed.virtualAccount?.accountNumber ?? "", /\d/);
  assert.equal(
    (await tossPayments.order(orderId))?.status,
    "waiting_for_deposit",
  );
});

test("an order gets an account of its own, is seen to be paid, and gets a receipt and a withdrawal", async (shop) => {
  const { client } = await signUp(shop);
  const tossPayments = createTossPayments(client);
  const { orderId } = await tossPayments.checkout(STICKER);
  const issued = await tossPayments.virtualAccount({
    orderId,
    bank: "20",
    customerName: "김토스",
    validHours: 24,
  });
  assert.ok("virtualAccount" in issued);
  const seen: (string | undefined)[] = [];
  let tell = () => {};
  const paid = new Promise<void>((resolve) => tell = resolve);
  const end = tossPayments.watchOrder(orderId, (order) => {
    seen.push(order?.status);
    if (order?.status === "paid") tell();
  });

  await shop.simulator.deposit(issued.paymentKey);
  await paid;
  end();

  assert.equal(seen.at(-1), "paid");
  const receipt = await tossPayments.cashReceipt({
    orderId,
    type: "소득공제",
    customerIdentityNumber: "01012345678",
  });
  assert.ok("receiptKey" in receipt);
  const withdrawal = await tossPayments.withdrawal({
    orderId,
    reason: "색이 달라요",
  });
  assert.ok("dueAt" in withdrawal);
  const order = await tossPayments.order(orderId);
  assert.equal(order?.receipts[0]?.receipt_key, receipt.receiptKey);
  assert.equal(order?.withdrawals[0]?.status, "requested");
});

test("a window that the buyer closed, or that refused, says so", async (shop) => {
  const tossPayments = createTossPayments(guestClient(shop));
  const page = new TossPage();
  page.refusals.set("requestPayment", "USER_CANCEL");
  const closed = await refusalOf(() =>
    page.run(() => tossPayments.buy(STICKER))
  );
  page.refusals.set("requestPayment", "NOT_SUPPORTED_WIDGET_KEY");
  const refused = await refusalOf(() =>
    page.run(() => tossPayments.buy(STICKER))
  );

  assert.equal(closed.code, "window_closed");
  assert.equal(closed.userMessage, "");
  assert.equal(refused.code, "window_failed");
  assert.equal(refused.tossCode, "NOT_SUPPORTED_WIDGET_KEY");
  assert.equal(refused.orderId, closed.orderId);
});
