import postgres from "postgres";
import type { Stack } from "../../stack/stack.ts";
import {
  applyWebhook,
  type BenchPayment,
  confirmPayment,
  placeOrder,
  receiveWebhook,
} from "./database/payment.ts";
import { sample, type Samples } from "./samples.ts";

/** What the database alone can do, past the Data API. */
export interface SqlFigures {
  /** Both calls of a confirm. */
  confirm: Samples;
  /** Both calls of a webhook: stored, then applied and ended. */
  webhook: Samples;
}

/** Times the SQL of a confirm and of its webhook over plain connections, one for each sender. */
export async function measureSql(
  stack: Stack,
  { count, senders }: { count: number; senders: number },
): Promise<SqlFigures> {
  const sql = postgres(stack.dbUrl, { max: senders, onnotice: () => {} });
  try {
    const payments: BenchPayment[] = [];
    for (let n = 0; n < count; n++) payments.push(await placeOrder(sql));
    return {
      confirm: await sample(
        payments.map((payment) => () => confirmPayment(sql, payment)),
        senders,
      ),
      webhook: await sample(
        payments.map((payment) => async () => {
          const event = await receiveWebhook(sql, payment);
          await applyWebhook(sql, payment, event);
        }),
        senders,
      ),
    };
  } finally {
    await sql.end();
  }
}
