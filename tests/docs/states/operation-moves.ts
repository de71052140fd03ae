import type { Sql, TransactionSql } from "postgres";
import { answerAbout, applyAnswer, callSql } from "../../support/answers.ts";
import { inRollback } from "../../support/rollback.ts";

/** A confirm whose operation is looked at. */
interface Attempt {
  orderId: string;
  paymentKey: string;
  amount: number;
  operationId: string;
  leaseToken: string;
}

type Step = (sql: TransactionSql, attempt: Attempt) => Promise<unknown>;

const AMOUNT = 3000;
const PAYMENT_KEY = "states-payment";

async function begin(
  sql: TransactionSql,
  purchase: { orderId: string; paymentKey: string; amount: number },
  leaseToken: string,
) {
  return await callSql(sql, "begin_confirmation", {
    ...purchase,
    leaseToken,
    leaseSeconds: 60,
    mode: "test",
    requestId: "states",
  });
}

async function startAttempt(sql: TransactionSql): Promise<Attempt> {
  await sql`
    insert into public.products (id, name, price, stock)
    values ('states', 'x', ${AMOUNT}, 10)`;
  const { orderId } = await callSql(sql, "create_order", {
    requestId: crypto.randomUUID(),
    userId: null,
    items: [{ productId: "states", quantity: 1 }],
    timeToLiveSeconds: 3600,
    mode: "test",
  });
  const purchase = {
    orderId: String(orderId),
    paymentKey: PAYMENT_KEY,
    amount: AMOUNT,
  };
  const leaseToken = crypto.randomUUID();
  await begin(sql, purchase, leaseToken);
  const [row] = await sql<{ id: string }[]>`
    select id from public.operations where order_id = ${purchase.orderId}`;
  return { ...purchase, leaseToken, operationId: row?.id ?? "" };
}

const endLease: Step = (sql, { operationId }) =>
  sql`
    update public.operations
    set lease_expires_at = toss_private.clock_now(), next_attempt_at = toss_private.clock_now()
    where id = ${operationId}`;

function end(attempt: Attempt, changes: Record<string, unknown>) {
  const { operationId, leaseToken } = attempt;
  return { operationId, leaseToken, source: "confirm", ...changes };
}

const postpone: Step = (sql, attempt) =>
  callSql(
    sql,
    "postpone_operation",
    end(attempt, {
      errorCode: "TIMEOUT",
      errorMessage: "",
      retryAfterSeconds: 0,
      keyIsSpent: false,
    }),
  );

const reject: Step = (sql, attempt) =>
  callSql(
    sql,
    "reject_operation",
    end(attempt, {
      errorCode: "REJECT_CARD_PAYMENT",
      errorMessage: "거절",
      isFinal: true,
    }),
  );

const answered = (status: string): Step => (sql, attempt) =>
  applyAnswer(
    sql,
    answerAbout(attempt.paymentKey, attempt, {
      status,
      ...(status === "DONE" ? {} : { approvedAt: null }),
    }),
  );

/** What can happen to an operation, by its name in docs/states.md. */
const EVENTS: Record<string, Step> = {
  "`apply_payment`: money, or an account to pay into": answered("DONE"),
  "`apply_payment`: ABORTED or EXPIRED": answered("ABORTED"),
  "`reject_operation`: Toss refused": reject,
  "`postpone_operation`: no proof": postpone,
  "`begin_confirmation` again, lease over": async (sql, attempt) => {
    await endLease(sql, attempt);
    return await begin(sql, attempt, crypto.randomUUID());
  },
  "`claim_operations`, lease over": async (sql, attempt) => {
    await endLease(sql, attempt);
    return await callSql(sql, "claim_operations", {
      limit: 500,
      leaseToken: crypto.randomUUID(),
      leaseSeconds: 60,
    });
  },
};

/** How an operation gets into each state. */
const BEGINNINGS: Record<string, Step> = {
  started: () => Promise.resolve(),
  unknown: postpone,
  succeeded: answered("DONE"),
  rejected: reject,
};

async function stateOf(
  sql: TransactionSql,
  { operationId }: Attempt,
): Promise<string> {
  const [row] = await sql<{ state: string }[]>`
    select state from public.operations where id = ${operationId}`;
  return row?.state ?? "gone";
}

/** What every event makes of every state: rows by event, then columns by state. */
export async function observeOperations(
  sql: Sql,
): Promise<Record<string, Record<string, string>>> {
  const table: Record<string, Record<string, string>> = {};
  for (const [event, happen] of Object.entries(EVENTS)) {
    const row: Record<string, string> = {};
    for (const [state, reach] of Object.entries(BEGINNINGS)) {
      row[state] = await inRollback(sql, async (transaction) => {
        const attempt = await startAttempt(transaction);
        await reach(transaction, attempt);
        await happen(transaction, attempt);
        return await stateOf(transaction, attempt);
      });
    }
    table[event] = row;
  }
  return table;
}
