import assert from "node:assert/strict";
import type { Purchase } from "./buy.ts";
import type { Shop } from "./shop.ts";

let requests = 0;

async function callToss(
  { simulator }: Shop,
  path: string,
  body: unknown,
): Promise<void> {
  const response = await fetch(`${simulator.url}${path}`, {
    method: "POST",
    headers: {
      authorization: `Basic ${btoa(`${simulator.secretKey}:`)}`,
      "content-type": "application/json",
      "idempotency-key": `test-${++requests}`,
    },
    body: JSON.stringify(body),
  });
  assert.equal(response.status, 200, await response.text());
}

/** Somebody cancels in Toss's dashboard; without an amount, everything that is left. */
export function cancelAtToss(
  shop: Shop,
  paymentKey: string,
  cancelAmount?: number,
): Promise<void> {
  return callToss(shop, `/v1/payments/${paymentKey}/cancel`, {
    cancelReason: "요청 취소",
    ...(cancelAmount === undefined ? {} : { cancelAmount }),
  });
}

/** Toss approves a payment that this project did not ask for. */
export function approveAtToss(shop: Shop, purchase: Purchase): Promise<void> {
  return callToss(shop, "/v1/payments/confirm", purchase);
}

/** The confirms that reached Toss, oldest first. */
export function confirmRequests({ simulator }: Shop) {
  return simulator.requests()
    .filter(({ path }) => path === "/v1/payments/confirm");
}

/** The simulator's ledger entry of a payment. */
export function bookOf({ simulator }: Shop, paymentKey: string) {
  const book = simulator.books()
    .find((candidate) => candidate.paymentKey === paymentKey);
  assert.ok(book, `the simulator knows no ${paymentKey}`);
  return book;
}
