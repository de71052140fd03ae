import assert from "node:assert/strict";
import { fencesOf } from "../../docs/support/markdown.ts";
import {
  checkout,
  confirm,
  placeOrder,
  type Purchase,
} from "../../support/buy.ts";
import {
  addProduct,
  auditEvents,
  makeOperationDue,
  makeOrderOverdue,
  operationRows,
  orderRow,
  paymentStatus,
  stockOf,
} from "../../support/database.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { withoutWebhooks } from "../../support/webhooks.ts";
import { work } from "../../support/worker.ts";

const test = shopTests();

/** The last unit, whose buyer opened the window with another amount; Toss never saw the confirm. */
async function tamperedPurchase(
  shop: Shop,
  productId: string,
): Promise<Purchase> {
  withoutWebhooks(shop);
  await addProduct(shop, productId, 1);
  const items = [{ productId, quantity: 1 }];
  const { orderId, amount } = await placeOrder(shop, { items });
  const { paymentKey } = shop.simulator.createPayment({ orderId, amount: 100 });
  shop.simulator.addFault({ kind: "lose_answer_before", count: "always" });
  const purchase = { paymentKey, orderId, amount };
  assert.equal((await confirm(shop, purchase)).status, 202);
  shop.simulator.clearFaults();
  return purchase;
}

/** Lets Toss say something about the payment, which goes on having the wrong amount. */
function letTossSay(
  { simulator }: Shop,
  { paymentKey }: Purchase,
  patch: Record<string, unknown>,
): void {
  simulator.clearFaults();
  const of = { method: "GET", paymentKey, count: "always" } as const;
  simulator.addFault({ kind: "wrong_answer", patch, ...of });
}

async function workOnOperation(shop: Shop, { orderId }: Purchase) {
  await makeOperationDue(shop, orderId);
  await work(shop, "operations");
  const [operation, ...others] = await operationRows(shop, orderId);
  assert.deepEqual(others, []);
  return operation;
}

async function assertEnded(
  shop: Shop,
  purchase: Purchase,
  productId: string,
): Promise<void> {
  const operation = await workOnOperation(shop, purchase);
  assert.equal(operation?.state, "rejected");
  assert.equal(operation.error_code, "ANSWER_MISMATCH");
  assert.equal(operation.is_final, true);
  assert.equal(await paymentStatus(shop, purchase.paymentKey), null);
  const events = await auditEvents(shop, purchase.orderId);
  assert.ok(events.includes("answer_mismatch"));

  await makeOrderOverdue(shop, purchase.orderId);
  await work(shop, "expiry");
  assert.equal((await orderRow(shop, purchase.orderId)).status, "expired");
  assert.equal(await stockOf(shop, productId), 1);
  const items = [{ productId, quantity: 1 }];
  assert.equal((await checkout(shop, { items })).status, 201);
}

test("worker operations ends a confirm whose payment of another amount has expired, and the stock comes back", async (shop) => {
  const purchase = await tamperedPurchase(shop, "tampered-expired");
  shop.simulator.expire(purchase.paymentKey);

  await assertEnded(shop, purchase, "tampered-expired");
});

test("worker operations ends a confirm whose payment of another amount was aborted, and the stock comes back", async (shop) => {
  const purchase = await tamperedPurchase(shop, "tampered-aborted");
  letTossSay(shop, purchase, { status: "ABORTED" });

  await assertEnded(shop, purchase, "tampered-aborted");
});

const CANCEL = {
  transactionKey: "cancel-of-the-wrong-amount",
  cancelAmount: 100,
  cancelReason: "금액 불일치",
  cancelStatus: "DONE",
  canceledAt: "2026-11-21T10:00:00+09:00",
};

for (const status of ["CANCELED", "PARTIAL_CANCELED"]) {
  test(`worker operations waits while money of another amount is held, and ends once it is ${status}`, async (shop) => {
    const productId = `tampered-${status.toLowerCase()}`;
    const purchase = await tamperedPurchase(shop, productId);
    letTossSay(shop, purchase, { status: "DONE" });
    const open = await workOnOperation(shop, purchase);
    assert.equal(open?.state, "unknown");
    const half = { ...CANCEL, cancelAmount: 50 };
    letTossSay(shop, purchase, {
      status: "PARTIAL_CANCELED",
      balanceAmount: 50,
      cancels: [half],
    });
    assert.equal((await workOnOperation(shop, purchase))?.state, "unknown");

    letTossSay(shop, purchase, { status, balanceAmount: 0, cancels: [CANCEL] });

    await assertEnded(shop, purchase, productId);
  });
}

for (const page of ["operations.md", "operations.ko.md"]) {
  test(`docs/${page}: the last statements under answer mismatch end the alert`, async (shop) => {
    const purchase = await tamperedPurchase(shop, `tampered-${page}`);
    letTossSay(shop, purchase, { status: "DONE" });
    await workOnOperation(shop, purchase);
    const { sql } = shop.stack;
    const alerts = async () =>
      (await sql`
      select alert from public.alerts where subject = ${purchase.orderId}`)
        .map(({ alert }) => alert);
    assert.deepEqual(await alerts(), ["answer_mismatch"]);

    const text = await Deno.readTextFile(
      new URL(`../../../docs/${page}`, import.meta.url),
    );
    const closing = fencesOf(text).filter(({ code }) =>
      code.includes("'answer_accepted'")
    );
    assert.equal(closing.length, 1);
    await sql.unsafe(
      (closing[0]?.code ?? "").replaceAll("<orderId>", purchase.orderId)
        .replaceAll("<paymentKey>", purchase.paymentKey),
    ).simple();

    assert.deepEqual(await alerts(), []);
  });
}
