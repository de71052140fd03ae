import type { Stack } from "../../../stack/stack.ts";
import { watchSession } from "../backend-cpu.ts";
import {
  applyWebhook,
  type BenchEvent,
  type BenchPayment,
  confirmPayment,
  placeOrder,
  receiveWebhook,
} from "./payment.ts";

/** Processor milliseconds of the backend, one call of each. */
export interface CallCosts {
  checkout: number;
  /** Both calls. */
  confirm: number;
  receive: number;
  /** Applied and ended. */
  apply: number;
}

/** What one call of each hot function costs the database. */
export async function measureCalls(
  { dbUrl }: Stack,
  calls: number,
): Promise<CallCosts> {
  const session = await watchSession(dbUrl);
  const { sql } = session;
  const payments: BenchPayment[] = [];
  const events: BenchEvent[] = [];
  const paymentAt = (n: number): BenchPayment => {
    const payment = payments[n];
    if (payment === undefined) throw new RangeError(`no payment ${n}`);
    return payment;
  };
  try {
    return {
      checkout: await session.cost(calls, async () => {
        payments.push(await placeOrder(sql));
      }),
      confirm: await session.cost(
        calls,
        (n) => confirmPayment(sql, paymentAt(n)),
      ),
      receive: await session.cost(calls, async (n) => {
        events.push(await receiveWebhook(sql, paymentAt(n)));
      }),
      apply: await session.cost(calls, async (n) => {
        const event = events[n];
        if (event === undefined) throw new RangeError(`no event ${n}`);
        await applyWebhook(sql, paymentAt(n), event);
      }),
    };
  } finally {
    await session.stop();
  }
}
