import type { ChaosStack } from "./chaos-stack.ts";
import type { ConfirmAnswer, PlacedOrder } from "./buyer.ts";
import type { PaymentRef, Plan } from "./plan.ts";

/** A run while it happens, and what it has seen. */
export interface RunState {
  chaos: ChaosStack;
  plan: Plan;
  /** Stands in the metadata of every order of this run. */
  run: string;
  orders: (PlacedOrder & { paymentKeys: string[] })[];
  answers: ConfirmAnswer[];
  /** Position of the first webhook answer of this run. */
  firstAccepted: number;
}

/** A payment of the run with the order it is for. */
export interface RunPayment {
  orderId: string;
  /** The order's amount, KRW. */
  amount: number;
  paymentKey: string;
}

/** Looks up a payment of the plan. Throws when the plan has none such. */
export function paymentOf(state: RunState, ref: PaymentRef): RunPayment {
  const order = state.orders[ref.order];
  const paymentKey = order?.paymentKeys[ref.payment];
  if (order === undefined || paymentKey === undefined) {
    throw new RangeError(`no payment ${ref.order}/${ref.payment}`);
  }
  return { orderId: order.orderId, amount: order.amount, paymentKey };
}

/** Every payment of the run. */
export function paymentsOf(state: RunState): RunPayment[] {
  return state.orders.flatMap(({ orderId, amount, paymentKeys }) =>
    paymentKeys.map((paymentKey) => ({ orderId, amount, paymentKey }))
  );
}

/** The ids of the run's orders, lost answers of checkout included. */
export async function orderIdsOf(
  { chaos, run }: RunState,
): Promise<string[]> {
  const rows = await chaos.stack.sql<{ id: string }[]>`
    select id from public.orders where metadata ->> 'run' = ${run}`;
  return rows.map(({ id }) => id);
}
