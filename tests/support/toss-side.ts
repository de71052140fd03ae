import assert from "node:assert/strict";
import type { Purchase } from "./buy.ts";
import type { Shop } from "./shop.ts";

let requests = 0;

async function callToss(
  shop: Shop,
  paymentKey: string,
  path: string,
  body: unknown,
): Promise<Record<string, unknown>> {
  const response = await fetch(`${shop.simulator.url}${path}`, {
    method: "POST",
    headers: {
      authorization: `Basic ${
        btoa(`${shop.simulator.secretKeyOf(paymentKey)}:`)
      }`,
      "content-type": "application/json",
      "idempotency-key": `test-${++requests}`,
    },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text);
}

/** Somebody cancels in Toss's dashboard; without an amount, everything that is left. */
export async function cancelAtToss(
  shop: Shop,
  paymentKey: string,
  cancelAmount?: number,
): Promise<void> {
  await cancel(shop, paymentKey, cancelAmount, {});
}

/** As `cancelAtToss`, for a virtual account that was paid: the money goes to an account of the buyer. */
export async function refundAtToss(
  shop: Shop,
  paymentKey: string,
  cancelAmount?: number,
): Promise<void> {
  const refundReceiveAccount = {
    bank: "신한",
    accountNumber: "110123456789",
    holderName: "김토스",
  };
  await cancel(shop, paymentKey, cancelAmount, { refundReceiveAccount });
}

function cancel(
  shop: Shop,
  paymentKey: string,
  cancelAmount: number | undefined,
  more: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  return callToss(shop, paymentKey, `/v1/payments/${paymentKey}/cancel`, {
    cancelReason: "요청 취소",
    ...(cancelAmount === undefined ? {} : { cancelAmount }),
    ...more,
  });
}

/** Toss approves a payment that this project did not ask for; answers its Payment. */
export function approveAtToss(
  shop: Shop,
  purchase: Purchase,
): Promise<Record<string, unknown>> {
  return callToss(
    shop,
    purchase.paymentKey,
    "/v1/payments/confirm",
    purchase,
  );
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
