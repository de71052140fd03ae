import assert from "node:assert/strict";
import { buyerHeaders } from "../../stack/users.ts";
import { confirm, placeOrder, type Purchase } from "./buy.ts";
import { type Answer, callFunction } from "./call-function.ts";
import { eventually } from "./eventually.ts";
import type { Shop } from "./shop.ts";
import { settleWebhooks } from "./webhooks.ts";
import { moveDatabaseClock, work } from "./worker.ts";

let requests = 0;

/** A requestId that no other request of this run has. */
export function newReceiptRequest(): string {
  return `receipt-${++requests}`;
}

/** A buyer's phone number. */
export const PHONE = "01098765432";

/** Asks for a receipt as an operator, or as the user of a token; without a requestId it gets a new one. */
export function requestReceipt(
  shop: Shop,
  body: Record<string, unknown>,
  accessToken?: string,
): Promise<Answer> {
  return callFunction(shop, "cash-receipt", {
    body: {
      type: "소득공제",
      customerIdentityNumber: PHONE,
      requestId: newReceiptRequest(),
      ...body,
    },
    headers: accessToken === undefined
      ? { apikey: shop.stack.secretKey }
      : buyerHeaders(shop, accessToken),
  });
}

/** Cancels a receipt as an operator; without a requestId it gets a new one. */
export function dropReceipt(
  shop: Shop,
  body: Record<string, unknown>,
  headers: Record<string, string> = { apikey: shop.stack.secretKey },
): Promise<Answer> {
  return callFunction(shop, "cash-receipt", {
    method: "DELETE",
    body: { requestId: newReceiptRequest(), ...body },
    headers,
  });
}

/** An order that was paid by 계좌이체; `cashReceipt` is what the buyer entered in the window. */
export async function paidByBank(
  shop: Shop,
  { cart, accessToken, cashReceipt = null, taxFreeAmount = 0 }: {
    cart?: unknown;
    accessToken?: string;
    cashReceipt?: { type: "소득공제"; registrationNumber: string } | null;
    taxFreeAmount?: number;
  } = {},
): Promise<Purchase> {
  const { orderId, amount, orderName, clientKey } = await placeOrder(
    shop,
    cart,
    accessToken,
  );
  const { paymentKey } = shop.simulator.createPayment({
    orderId,
    amount,
    orderName,
    clientKey,
    method: "계좌이체",
    cashReceipt,
    taxFreeAmount,
  });
  const purchase = { paymentKey, orderId, amount };
  const { status, body } = await confirm(shop, purchase);
  assert.equal(status, 200, JSON.stringify(body));
  await settleWebhooks(shop);
  return purchase;
}

/** One row of `cash_receipts`, as far as tests look at it. */
export interface ReceiptRow {
  receipt_key: string;
  transaction_type: string;
  type: string;
  amount: number;
  tax_free_amount: number | null;
  issue_status: string;
  canceled_amount: number;
  is_self_issued: boolean;
  is_ours: boolean;
}

/** The receipts of an order, and the cancels of them, oldest first. */
export async function receiptRows(
  { stack }: Shop,
  orderId: string,
): Promise<ReceiptRow[]> {
  return [
    ...await stack.sql<ReceiptRow[]>`
      select receipt_key, transaction_type, type, amount::int, tax_free_amount::int, issue_status, canceled_amount::int,
        is_self_issued, operation_id is not null as is_ours
      from public.cash_receipts where order_id = ${orderId} order by id`,
  ];
}

/** What Toss holds of an order's receipts, oldest first. */
export function receiptsAtToss({ simulator }: Shop, orderId: string) {
  return simulator.cashReceipts().filter((receipt) =>
    receipt.orderId === orderId
  );
}

/** The requests that asked Toss for a receipt, or to cancel one. */
export function receiptRequests({ simulator }: Shop) {
  return simulator.requests().filter(({ method, path }) =>
    method === "POST" && path.startsWith("/v1/cash-receipts")
  );
}

/** How requests about an order's receipts stand, oldest first. */
export async function receiptOperations({ stack }: Shop, orderId: string) {
  return [
    ...await stack.sql<
      {
        kind: string;
        state: string;
        amount: number;
        error_code: string | null;
        is_final: boolean | null;
        key_generation: number;
        requested_by: string;
      }[]
    >`
      select kind, state, amount::int, error_code, is_final, key_generation, requested_by from public.operations
      where order_id = ${orderId} and kind in ('cash_receipt', 'cash_receipt_cancel') order by created_at, id`,
  ];
}

/** The worker comes by every half minute until no request about a receipt is open. */
export async function workReceiptsOff(shop: Shop): Promise<void> {
  await eventually("every request about a receipt has ended", async () => {
    await work(shop, "operations");
    const [open] = await shop.stack.sql`
      select 1 from public.operations
      where kind in ('cash_receipt', 'cash_receipt_cancel') and state in ('started', 'unknown') limit 1`;
    if (open === undefined) return true;
    await moveDatabaseClock(shop, 30);
    return false;
  });
}
