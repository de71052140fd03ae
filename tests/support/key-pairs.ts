import assert from "node:assert/strict";
import type { Shop } from "./shop.ts";

/** A project with every pair, each of a merchant of its own; none opens anything at the real Toss. */
export const THREE_PAIRS = {
  TOSS_SECRET_KEY: "test_sk_ofthewindow",
  TOSS_CLIENT_KEY: "test_ck_ofthewindow",
  TOSS_WIDGET_SECRET_KEY: "test_gsk_ofthewidget",
  TOSS_WIDGET_CLIENT_KEY: "test_gck_ofthewidget",
  TOSS_BILLING_SECRET_KEY: "test_sk_ofbilling",
  TOSS_BILLING_CLIENT_KEY: "test_ck_ofbilling",
} as const;

const CLIENT_KEYS: Readonly<Record<string, string>> = {
  main: THREE_PAIRS.TOSS_CLIENT_KEY,
  widget: THREE_PAIRS.TOSS_WIDGET_CLIENT_KEY,
  billing: THREE_PAIRS.TOSS_BILLING_CLIENT_KEY,
};

/** The pair that an order is with, as its row says. */
export async function keysOfOrder(
  { stack }: Shop,
  orderId: string,
): Promise<string | undefined> {
  const [row] = await stack.sql<{ toss_keys: string }[]>`
    select toss_keys from public.orders where id = ${orderId}`;
  return row?.toss_keys;
}

/**
 * Every request about a payment, an order or a billing key came with the pair that made it, none was refused for its
 * key, and every order's row names the merchant that has its payment.
 *
 * @param from position in the simulator's log
 */
export async function assertKeysFit(shop: Shop, from = 0): Promise<void> {
  const { stack, simulator } = shop;
  const rows = await stack.sql<{ id: string; toss_keys: string }[]>`
    select id, toss_keys from public.orders`;
  const ofOrder = new Map(
    rows.map(({ id, toss_keys }) => [id, CLIENT_KEYS[toss_keys]]),
  );
  const books = simulator.books();
  const ofPayment = new Map(
    books.map(({ paymentKey, clientKey }) => [paymentKey, clientKey]),
  );
  for (const { orderId, clientKey, approvals } of books) {
    if (approvals > 0) assert.equal(ofOrder.get(orderId), clientKey, orderId);
  }
  for (const request of simulator.requests().slice(from)) {
    const { method, path, clientKey } = request;
    const [, paymentKey, orderId] =
      /^\/v1\/payments\/(?:(?!confirm|orders)([^/]+)|orders\/([^/]+))/
        .exec(path) ?? [];
    const expected = paymentKey !== undefined
      ? ofPayment.get(paymentKey)
      : orderId !== undefined
      ? ofOrder.get(orderId)
      : path === "/v1/virtual-accounts"
      ? CLIENT_KEYS.main
      : undefined;
    if (expected !== undefined) {
      assert.equal(clientKey, expected, `${method} ${path}`);
    }
    if (path === "/v1/payments/confirm" || path.startsWith("/v1/billing/")) {
      // The simulator lets no other pair through: not found, mixed, or unknown.
      assert.ok(
        ![400, 401, 404].includes(Number(request.status)),
        `${method} ${path} with ${clientKey}: ${request.status}`,
      );
    }
  }
}
