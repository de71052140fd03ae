import type { ChaosStack } from "./chaos-stack.ts";
import type { User } from "../../stack/users.ts";
import type { IssueAnswer } from "./account.ts";
import type { ConfirmAnswer, PlacedOrder } from "./buyer.ts";
import type { PaymentRef, Plan } from "./plan.ts";
import type { ReceiptAnswer } from "./receipt.ts";
import type { RefundAnswer } from "./refund.ts";
import type { WithdrawalAnswer } from "./withdrawal.ts";

/** A run while it happens, and what it has seen. */
export interface RunState {
  chaos: ChaosStack;
  plan: Plan;
  /** Stands in the metadata of every order of this run. */
  run: string;
  orders: (PlacedOrder & { paymentKeys: string[] })[];
  /** Owns the orders that a signed-in buyer made; null when none did. */
  buyer: User | null;
  answers: ConfirmAnswer[];
  refundAnswers: RefundAnswer[];
  issueAnswers: IssueAnswer[];
  receiptAnswers: ReceiptAnswer[];
  withdrawalAnswers: WithdrawalAnswer[];
  /** Position of the first webhook answer of this run. */
  firstAccepted: number;
}

/** A payment of the run with the order it is for. */
export interface RunPayment {
  orderId: string;
  /** The order's amount, KRW. */
  amount: number;
  paymentKey: string;
  isAccount: boolean;
}

/** The order at a position of the plan. Throws when the plan has none such. */
export function orderOf(state: RunState, order: number): PlacedOrder {
  const placed = state.orders[order];
  if (placed === undefined) throw new RangeError(`no order ${order}`);
  return placed;
}

function accountsOf(state: RunState, order: PlacedOrder): RunPayment[] {
  const { orderId, amount } = order;
  return state.chaos.simulator.books()
    .filter((book) => book.orderId === orderId && book.virtualAccount !== null)
    .map(({ paymentKey }) => ({
      orderId,
      amount,
      paymentKey,
      isAccount: true,
    }));
}

/** Looks up a payment of the plan; null while its account is not issued. */
export function findPayment(
  state: RunState,
  ref: PaymentRef,
): RunPayment | null {
  const order = orderOf(state, ref.order);
  const { orderId, amount } = order;
  const paymentKey = state.orders[ref.order]?.paymentKeys[ref.payment];
  return paymentKey === undefined
    ? accountsOf(state, order)[0] ?? null
    : { orderId, amount, paymentKey, isAccount: false };
}

/** Looks up a payment of the plan. Throws when there is none (yet). */
export function paymentOf(state: RunState, ref: PaymentRef): RunPayment {
  const payment = findPayment(state, ref);
  if (payment === null) {
    throw new RangeError(`no payment ${ref.order}/${ref.payment}`);
  }
  return payment;
}

/** Every payment of the run, those by virtual account included. */
export function paymentsOf(state: RunState): RunPayment[] {
  return state.orders.flatMap((order) => [
    ...order.paymentKeys.map((paymentKey) => ({
      orderId: order.orderId,
      amount: order.amount,
      paymentKey,
      isAccount: false,
    })),
    ...accountsOf(state, order),
  ]);
}

/** The ids of the run's orders, lost answers of checkout included. */
export async function orderIdsOf(
  { chaos, run }: RunState,
): Promise<string[]> {
  const rows = await chaos.stack.sql<{ id: string }[]>`
    select id from public.orders where metadata ->> 'run' = ${run}`;
  return rows.map(({ id }) => id);
}
