import assert from "node:assert/strict";
import postgres from "postgres";
import {
  applyWebhook,
  confirmPayment,
  placeOrder,
  receiveWebhook,
} from "../../../proofs/bench/database/payment.ts";
import { readTableSizes, storageOf } from "../../../proofs/bench/storage.ts";
import { SUPERUSER } from "../../../stack/postgres.ts";
import { assertInvariantsHold } from "../../support/books.ts";
import { shopTests } from "../../support/shop-test.ts";

// Toss takes no part in it.
const test = shopTests({}, assertInvariantsHold);

const PAYMENTS = 300;

/** With the versions of rows that a vacuum has not taken away yet. */
const MOST_KIBIBYTES = 11;

/** Statements that Postgres starts for one call, those in functions among them. */
const MOST_STATEMENTS = {
  checkout: 34,
  confirm: 72,
  receive: 20,
  apply: 19,
};

test("a payment and its webhook leave few bytes", async ({ stack }) => {
  const pay = async () => {
    const payment = await placeOrder(stack.sql);
    await confirmPayment(stack.sql, payment);
    const event = await receiveWebhook(stack.sql, payment);
    await applyWebhook(stack.sql, payment, event);
  };
  await pay();
  const before = await readTableSizes(stack);
  for (let n = 0; n < PAYMENTS; n++) await pay();
  const after = await readTableSizes(stack);
  const { bytesPerPayment, largest } = storageOf(before, after, PAYMENTS);

  const kibibytes = bytesPerPayment / 1024;
  console.log(`one payment and its webhook: ${kibibytes.toFixed(1)} KiB`);
  assert.ok(
    kibibytes <= MOST_KIBIBYTES,
    `${kibibytes} KiB, ${JSON.stringify(largest)}`,
  );
});

test("a call starts few statements", async ({ stack }) => {
  let started = 0;
  const url = new URL(stack.dbUrl);
  // Only such a role may have its plans told.
  url.username = SUPERUSER;
  const sql = postgres(url.href, {
    max: 1,
    onnotice: ({ message }) => {
      if (/duration: .* plan:/.test(message ?? "")) started++;
    },
  });
  const counted: Record<string, number> = {};
  const count = async <Answer>(
    name: string,
    act: () => Promise<Answer>,
  ): Promise<Answer> => {
    started = 0;
    const answer = await act();
    counted[name] = started;
    return answer;
  };
  try {
    await sql.unsafe(`
      load 'auto_explain';
      set client_min_messages = log;
      set auto_explain.log_min_duration = 0;
      set auto_explain.log_nested_statements = on;
    `);
    const warm = await placeOrder(sql);
    await confirmPayment(sql, warm);
    const payment = await count("checkout", () => placeOrder(sql));
    await count("confirm", () => confirmPayment(sql, payment));
    const event = await count("receive", () => receiveWebhook(sql, payment));
    await count("apply", () => applyWebhook(sql, payment, event));
  } finally {
    await sql.end();
  }
  console.log(`statements: ${JSON.stringify(counted)}`);
  for (const [name, most] of Object.entries(MOST_STATEMENTS)) {
    const found = counted[name] ?? 0;
    assert.ok(found > 0, `${name} was not seen`);
    assert.ok(found <= most, `${name}: ${found}`);
  }
});
