import { type Answer, callFunction } from "./call-function.ts";
import type { Shop } from "./shop.ts";

let requests = 0;

/** A requestId that no other cancel of this run has. */
export function newRequestId(): string {
  return `refund-${++requests}`;
}

/** Calls `cancel` as an operator; without a requestId it gets a new one. */
export function cancel(
  shop: Shop,
  body: Record<string, unknown>,
  headers: Record<string, string> = { apikey: shop.stack.secretKey },
): Promise<Answer> {
  return callFunction(shop, "cancel", {
    body: { cancelReason: "고객 변심", requestId: newRequestId(), ...body },
    headers,
  });
}

/** The cancels that reached Toss, oldest first. */
export function cancelRequests({ simulator }: Shop) {
  return simulator.requests().filter(({ path }) => path.endsWith("/cancel"));
}

/** The refund ledger of a payment, in the order in which Toss made it. */
export async function ledger({ stack }: Shop, paymentKey: string) {
  return [
    ...await stack.sql<
      { transaction_key: string; amount: number; reason: string }[]
    >`
      select transaction_key, amount::int, reason from public.payment_cancels
      where payment_key = ${paymentKey}
      order by refundable_amount desc, created_at`,
  ];
}

/** What is left of a payment, and what open cancels claim of it. */
export async function balanceOf({ stack }: Shop, paymentKey: string) {
  const [row] = await stack.sql<
    { balance: number; reserved: number; tax_free: number }[]
  >`
    select balance_amount::int as balance, reserved_amount::int as reserved, tax_free_amount::int as tax_free
    from public.payments where payment_key = ${paymentKey}`;
  return row;
}

/** The cancels that were begun for a payment, oldest first. */
export async function cancelOperations({ stack }: Shop, paymentKey: string) {
  return [
    ...await stack.sql<
      {
        state: string;
        error_code: string | null;
        is_final: boolean | null;
        key_generation: number;
        is_queued: boolean;
      }[]
    >`
      select state, error_code, is_final, key_generation, is_queued from public.operations
      where payment_key = ${paymentKey} and kind = 'cancel' order by created_at`,
  ];
}

/** What other systems were told about an order since its payment, oldest first. */
export async function outboxEvents({ stack }: Shop, orderId: string) {
  return [
    ...await stack.sql<{ type: string; payload: Record<string, unknown> }[]>`
      select event_type as type, payload from public.outbox_events
      where subject = ${orderId} and event_type not like 'order.%'
        and event_type not in ('payment.confirmed', 'virtual_account.issued') order by sequence`,
  ];
}
