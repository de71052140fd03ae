import assert from "node:assert/strict";
import { addProduct, stockOf } from "../support/database.ts";
import type { Shop } from "../support/shop.ts";
import { shopTests } from "../support/shop-test.ts";
import { guestClient, signUp } from "../../stack/users.ts";
import { openPaymentWindow, placeOrder } from "./frontend/checkout.ts";
import { confirmPayment, orderStatus } from "./frontend/confirm.ts";
import {
  finishRegistration,
  openRegistrationWindow,
  removeCard,
  subscribeWithCard,
} from "./frontend/billing.ts";
import { explain, explainRedirect } from "./frontend/explain.ts";
import { FunctionError } from "./frontend/functions.ts";
import { payByTransfer } from "./frontend/virtual-account.ts";
import { fencesOf } from "./support/markdown.ts";
import { readProjectFile } from "./support/pages.ts";
import { openedBy } from "./support/toss-window.ts";

const FILES = [
  "billing.ts",
  "checkout.ts",
  "confirm.ts",
  "explain.ts",
  "functions.ts",
  "virtual-account.ts",
];

const STICKER = { items: [{ productId: "sticker", quantity: 1 }] };

const test = shopTests();

for (const path of ["docs/frontend.md", "docs/frontend.ko.md"]) {
  Deno.test(`${path} shows the files that are type-checked and run here`, async () => {
    const shown = new Map(
      fencesOf(await readProjectFile(path))
        .filter(({ marker }) => marker !== "")
        .map(({ marker, code }) => [marker, code]),
    );
    assert.deepEqual([...shown.keys()].sort(), FILES);
    for (const name of FILES) {
      const file = await readProjectFile(`tests/docs/frontend/${name}`);
      // A bundler wants no ending, Deno one.
      const bundled = file.replaceAll(/from "(\.\/[^"]+)\.ts"/g, 'from "$1"');
      assert.equal(shown.get(name), bundled, name);
    }
  });
}

/** The buyer authenticates a payment; answers what Toss appends to the success URL. */
function payAtToss(
  { simulator }: Shop,
  { orderId, amount }: { orderId: string; amount: number },
): URLSearchParams {
  const { paymentKey } = simulator.createPayment({ orderId, amount });
  return new URLSearchParams({ paymentKey, orderId, amount: String(amount) });
}

test("the page's own success page confirms, and confirms again after a reload", async (shop) => {
  const { client } = await signUp(shop);
  const order = await placeOrder(client, STICKER);
  const call = await openedBy(() =>
    openPaymentWindow(order, { successUrl: "https://shop.example/success" })
  );
  const query = payAtToss(shop, order);

  const first = await confirmPayment(client, query);
  const again = await confirmPayment(client, query);

  assert.equal(call.clientKey, order.clientKey);
  assert.equal(call.customerKey, order.customerKey);
  assert.equal(call.options.successUrl, "https://shop.example/success");
  assert.equal(first.status, "confirmed");
  assert.deepEqual(again, first);
  assert.equal(await orderStatus(client, order.orderId), "paid");
});

test("the redirect ends on the shop's page", async (shop) => {
  const client = guestClient(shop);
  const order = await placeOrder(client, STICKER);
  const call = await openedBy(() => openPaymentWindow(order));

  const answer = await fetch(
    `${call.options.successUrl}?${payAtToss(shop, order)}`,
    { redirect: "manual" },
  );
  await answer.body?.cancel();

  const location = new URL(answer.headers.get("location") ?? "");
  assert.equal(answer.status, 303);
  assert.equal(location.searchParams.get("status"), "confirmed");
});

test("while Toss does not answer, the page asks again until it knows", async (shop) => {
  const client = guestClient(shop);
  const order = await placeOrder(client, STICKER);
  const query = payAtToss(shop, order);
  shop.simulator.addFault({
    kind: "lose_answer_after",
    path: "/v1/payments/confirm",
  });

  const answer = await confirmPayment(client, query);

  assert.equal(answer.status, "confirmed");
  const [book] = shop.simulator.books()
    .filter(({ orderId }) => orderId === order.orderId);
  assert.equal(book?.approvals, 1);
});

async function errorOf(ask: () => Promise<unknown>): Promise<unknown> {
  return await ask().then(
    () => assert.fail("it was not refused"),
    (error: unknown) => error,
  );
}

test("a refusal of ours says what to show and what to offer", async (shop) => {
  await addProduct(shop, "sold-out", 0);
  const error = await errorOf(() =>
    placeOrder(guestClient(shop), {
      items: [{ productId: "sold-out", quantity: 1 }],
    })
  );

  assert.ok(error instanceof FunctionError);
  assert.equal(error.problem.code, "insufficient_stock");
  assert.deepEqual(explain(error), {
    text: error.problem.userMessage,
    next: "cart",
  });
  assert.equal(await stockOf(shop, "sold-out"), 0);
});

test("a refusal of Toss lets the buyer choose another card for the same order", async (shop) => {
  const client = guestClient(shop);
  const order = await placeOrder(client, STICKER);
  const query = payAtToss(shop, order);
  shop.simulator.decline(query.get("paymentKey") ?? "", "REJECT_CARD_PAYMENT");

  const error = await errorOf(() => confirmPayment(client, query));

  assert.ok(error instanceof FunctionError);
  assert.equal(error.problem.tossCode, "REJECT_CARD_PAYMENT");
  assert.equal(explain(error).next, "choose_method");
});

Deno.test("a closed window and a broken connection are explained too", () => {
  const closed = Object.assign(new Error("closed"), { code: "USER_CANCEL" });
  assert.deepEqual(explain(closed), { text: "", next: "stay" });
  assert.equal(explain(new TypeError("network")).next, "retry");
});

test(
  "an order gets an account to pay into",
  async (shop) => {
    const { client } = await signUp(shop);

    const issued = await payByTransfer(client, STICKER, {
      bank: "20",
      customerName: "김토스",
    });

    assert.match(issued.virtualAccount.accountNumber, /^X?\d+$/);
    assert.equal(
      await orderStatus(client, issued.orderId),
      "waiting_for_deposit",
    );
  },
);

test("a card is registered for a plan", async (shop) => {
  const { client } = await signUp(shop);
  const call = await openedBy(() =>
    openRegistrationWindow(client, { planId: "basic" })
  );
  const answer = await fetch(
    `${shop.stack.tossApiBaseUrl}/__simulator/billing/authorizations`,
    {
      method: "POST",
      body: JSON.stringify({ customerKey: call.customerKey }),
    },
  );
  const { authKey } = await answer.json();

  const registered = await finishRegistration(
    client,
    new URLSearchParams({ authKey, customerKey: call.customerKey }),
    "basic",
  );

  assert.equal(call.options.method, "CARD");
  assert.match(String(call.options.successUrl), /billing-issue\?state=/);
  assert.equal(registered.subscription?.status, "active");
});

test("transfer and virtual account are methods of the window, and a deposit is waited for", async (shop) => {
  const { client } = await signUp(shop);
  for (const method of ["CARD", "TRANSFER", "VIRTUAL_ACCOUNT"] as const) {
    const order = await placeOrder(client, STICKER);
    const call = await openedBy(() => openPaymentWindow(order, { method }));
    assert.equal(call.options.method, method);
    assert.equal(call.options.successUrl, order.successUrl);
    // Else Toss gives seven days, and each account is an alert `deadline_far`.
    assert.deepEqual(
      call.options.virtualAccount,
      method === "VIRTUAL_ACCOUNT" ? { validHours: 24 } : undefined,
    );
  }
  const order = await placeOrder(client, STICKER);
  const { orderId, amount } = order;
  const { paymentKey } = shop.simulator.createPayment({
    orderId,
    amount,
    method: "가상계좌",
  });

  const confirmed = await confirmPayment(
    client,
    new URLSearchParams({ paymentKey, orderId, amount: String(amount) }),
  );

  assert.equal(confirmed.status, "waiting_for_deposit");
  assert.equal(await orderStatus(client, orderId), "waiting_for_deposit");
});

test("the fail page says what to do next, and a declined card subscribes at the next try", async (shop) => {
  const { client } = await signUp(shop);
  const call = await openedBy(() =>
    openRegistrationWindow(client, { planId: "basic" })
  );
  const { customerKey } = call;
  shop.simulator.declineCharges({
    customerKey,
    code: "REJECT_CARD_PAYMENT",
    count: 1,
  });
  const { authKey } = shop.simulator.authorizeCard({ customerKey });
  const back = new URL(String(call.options.successUrl));
  back.searchParams.set("authKey", authKey);
  back.searchParams.set("customerKey", customerKey);
  const answer = await fetch(back, { redirect: "manual" });
  await answer.body?.cancel();
  const query = new URL(answer.headers.get("location") ?? "").searchParams;

  const { text, next } = explainRedirect(query);
  const registered = await subscribeWithCard(
    client,
    query.get("planId") ?? "",
    query.get("billingMethodId") ?? "",
  );

  assert.match(text, /[가-힣]/);
  assert.equal(next, "choose_method");
  assert.equal(registered.subscription?.status, "active");
  await removeCard(client, registered.billingMethodId);
  const { data } = await client.from("billing_methods").select("status");
  assert.deepEqual(data, [{ status: "deleted" }]);
});

Deno.test("a fail page that Toss's window redirects to offers another try", () => {
  const closed = new URLSearchParams({
    code: "PAY_PROCESS_CANCELED",
    message: "결제가 사용자에 의해 취소되었습니다.",
  });
  assert.equal(explainRedirect(closed).next, "choose_method");
  for (const action of ["toString", "", "unheard-of"]) {
    const query = new URLSearchParams({ action });
    assert.equal(explainRedirect(query).next, "choose_method");
  }
  const support = new URLSearchParams({ action: "contact_support" });
  assert.equal(explainRedirect(support).next, "stay");
});
