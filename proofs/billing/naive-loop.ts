/**
 * A billing loop as it is often written: select what is due, charge each under a new order id and a new
 * Idempotency-Key a try, try again when no answer comes, write down the payment, move the date on.
 *
 * Nothing is slow, wrong or unusual about it on a day without trouble. It is here to be compared with.
 *
 * The only argument is a JSON text: `databaseUrl`, `tossUrl`, `secretKey`, `asOf`. Each line on the standard input
 * is one run; the process ends with its standard input.
 *
 * @module
 */
import postgres from "postgres";
import { z } from "zod";
import { readLines } from "../../stack/lines.ts";

const TRIES = 3;

const settings = z.object({
  databaseUrl: z.string(),
  tossUrl: z.string(),
  secretKey: z.string(),
  asOf: z.string(),
}).parse(JSON.parse(Deno.args[0] ?? "{}"));

const paymentSchema = z.looseObject({
  paymentKey: z.string(),
  orderId: z.string(),
  totalAmount: z.number(),
});

interface DueRow {
  id: string;
  customer_key: string;
  billing_key: string;
  amount: number;
}

const sql = postgres(settings.databaseUrl, { max: 1, onnotice: () => {} });

async function send(row: DueRow) {
  const response = await fetch(
    `${settings.tossUrl}/v1/billing/${encodeURIComponent(row.billing_key)}`,
    {
      method: "POST",
      headers: {
        authorization: `Basic ${btoa(`${settings.secretKey}:`)}`,
        "content-type": "application/json",
        "idempotency-key": crypto.randomUUID(),
      },
      body: JSON.stringify({
        customerKey: row.customer_key,
        amount: row.amount,
        orderId: crypto.randomUUID(),
        orderName: "Monthly plan",
      }),
    },
  );
  if (!response.ok) throw new Error(await response.text());
  return paymentSchema.parse(await response.json());
}

async function charge(row: DueRow): Promise<void> {
  for (let tries = 1; tries <= TRIES; tries++) {
    const payment = await send(row).catch(() => null);
    if (payment === null) continue;
    await sql`
      insert into naive.payments (payment_key, order_id, subscription_id, amount)
      values (${payment.paymentKey}, ${payment.orderId}, ${row.id}, ${payment.totalAmount})`;
    await sql`
      update naive.subscriptions
      set next_charge_at = next_charge_at + interval '1 month' where id = ${row.id}`;
    return;
  }
}

async function run(): Promise<void> {
  const due = await sql<DueRow[]>`
    select id, customer_key, billing_key, amount from naive.subscriptions
    where next_charge_at <= ${settings.asOf}`;
  for (const row of due) await charge(row);
}

await sql`select 1`;
console.log("ready");
for await (const _ of readLines(Deno.stdin.readable)) {
  await run();
  console.log("over");
}
await sql.end();
