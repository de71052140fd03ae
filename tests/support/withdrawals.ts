import assert from "node:assert/strict";
import { type Answer, callFunction } from "./call-function.ts";
import type { Shop } from "./shop.ts";
import { buyerHeaders } from "../../stack/users.ts";

let requests = 0;

/** Calls `withdrawal` as a buyer; without a requestId it gets a new one. */
export function askToWithdraw(
  shop: Shop,
  body: Record<string, unknown>,
  accessToken: string,
): Promise<Answer> {
  return callFunction(shop, "withdrawal", {
    body: {
      reason: "마음이 바뀌었어요",
      requestId: `withdrawal-${++requests}`,
      ...body,
    },
    headers: buyerHeaders(shop, accessToken),
  });
}

/** A withdrawal that must be written down; answers its id. */
export async function requested(
  shop: Shop,
  orderId: string,
  accessToken: string,
): Promise<string> {
  const { status, body } = await askToWithdraw(shop, { orderId }, accessToken);
  assert.equal(status, 201, JSON.stringify(body));
  return String(body.withdrawalId);
}

/** Calls `withdrawal` with the secret key. */
export function decide(
  shop: Shop,
  body: Record<string, unknown>,
): Promise<Answer> {
  return callFunction(shop, "withdrawal", {
    body,
    headers: { apikey: shop.stack.secretKey },
  });
}

/** How a withdrawal stands, and what became of its refunds. */
export async function withdrawalRow({ stack }: Shop, withdrawalId: string) {
  const [row] = await stack.sql<
    {
      status: string;
      reason: string;
      decision_reason: string | null;
      is_decided: boolean;
      has_refund: boolean;
    }[]
  >`
    select status, reason, decision_reason, decided_at is not null as is_decided,
      refund_operation_id is not null as has_refund
    from public.withdrawals where id = ${withdrawalId}`;
  return row;
}
