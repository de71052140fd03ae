import assert from "node:assert/strict";
import fc from "fast-check";
import type { TransactionSql } from "postgres";
import {
  API_VERSIONS,
  type ApiVersion,
  paymentInVersion,
} from "../../simulator/payments/api-version.ts";
import { withOddField } from "../../simulator/faults/odd-field.ts";
import { paymentSnapshot } from "../../supabase/functions/_shared/operations/snapshot.ts";
import { judgeAnswer } from "../../supabase/functions/_shared/toss/judge-answer.ts";
import { PAYMENT } from "../../supabase/functions/_shared/toss/payment.ts";
import {
  ACCOUNT_FIELDS,
  CANCEL_FIELDS,
  type OddField,
  oddField,
  SIDE_FIELDS,
} from "../support/odd-values.ts";
import { propertyRuns } from "../support/property-runs.ts";
import { inRollback } from "../support/rollback.ts";
import { shopTests } from "../support/shop-test.ts";

const test = shopTests();

const TOTAL = 3000;

/** One reading of a payment: in which version, with how many of its cancels, and what stands oddly in it. */
interface Reading {
  version: ApiVersion;
  status: "WAITING_FOR_DEPOSIT" | "DONE";
  cancels: number;
  isNewestFirst: boolean;
  odd: OddField[];
}

/** A payment, and how it was read over time. */
interface Story {
  isAccount: boolean;
  /** What each cancel gave back; equal amounts are the hard ones. */
  amounts: number[];
  readings: Reading[];
}

// An entry that names another key is another entry, and the list itself is where the amounts stand.
const isUsableKey = ({ field, value }: OddField) =>
  field === "cancels[].transactionKey" && typeof value === "string" &&
  /^[\x21-\x7e]{1,64}$/.test(value);

// Of an account that was given up before its deposit Toss says just this.
const saysMoneyIsGone = ({ field, value }: OddField) =>
  field === "approvedAt" && value === null;

const odd = fc.array(
  oddField([...SIDE_FIELDS, ...ACCOUNT_FIELDS, ...CANCEL_FIELDS])
    .filter((each) => !isUsableKey(each) && !saysMoneyIsGone(each)),
  { maxLength: 3 },
);

function readings(cancels: number, isAccount: boolean) {
  const version = fc.constantFrom(...API_VERSIONS);
  const reading = (seen: number, status: Reading["status"]) =>
    fc.record({
      version,
      status: fc.constant(status),
      cancels: fc.constant(seen),
      isNewestFirst: fc.boolean(),
      odd,
    });
  const steps = Array.from(
    { length: cancels + 1 },
    (_, seen) =>
      fc.array(reading(seen, "DONE"), { minLength: 1, maxLength: 2 }),
  );
  const waiting = fc.array(reading(0, "WAITING_FOR_DEPOSIT"), {
    minLength: isAccount ? 1 : 0,
    maxLength: isAccount ? 2 : 0,
  });
  return fc.tuple(waiting, ...steps).map((lists) => lists.flat());
}

const stories: fc.Arbitrary<Story> = fc.record({
  isAccount: fc.boolean(),
  amounts: fc.oneof(
    fc.array(fc.constantFrom<number[]>(500, 1000), { maxLength: 3 }),
    fc.constant<number[]>([TOTAL]),
  ),
}).chain(({ isAccount, amounts }) =>
  readings(amounts.length, isAccount).map((list) => ({
    isAccount,
    amounts,
    readings: list,
  }))
);

interface Scene {
  orderId: string;
  paymentKey: string;
}

function bodyOf(
  { orderId, paymentKey }: Scene,
  story: Story,
  reading: Reading,
) {
  const seen = story.amounts.slice(0, reading.cancels);
  const given = (count: number) =>
    story.amounts.slice(0, count).reduce((sum, amount) => sum + amount, 0);
  const cancels = seen.map((cancelAmount, index) => ({
    transactionKey: `txrd_${index}_${paymentKey}`,
    cancelAmount,
    cancelReason: "고객 변심",
    taxFreeAmount: 0,
    taxExemptionAmount: 0,
    refundableAmount: TOTAL - given(index + 1),
    // Two cancels can share a second.
    canceledAt: `2026-11-21T11:50:0${Math.floor(index / 2)}+09:00`,
    cancelStatus: "DONE",
  }));
  if (reading.isNewestFirst) cancels.reverse();
  const isPaid = reading.status === "DONE";
  return paymentInVersion({
    mId: "tvivarepublica",
    lastTransactionKey: "txrd_0",
    paymentKey,
    orderId,
    orderName: "머그컵",
    // Cancelled at one go, or in parts whatever is left (Toss, measured).
    status: cancels.length === 0
      ? reading.status
      : seen[0] === TOTAL
      ? "CANCELED"
      : "PARTIAL_CANCELED",
    requestedAt: "2026-11-21T11:40:00+09:00",
    approvedAt: isPaid ? "2026-11-21T11:41:00+09:00" : null,
    card: story.isAccount
      ? null
      : { issuerCode: "61", number: "43301234****123*" },
    virtualAccount: story.isAccount
      ? {
        accountNumber: "X6505636518308",
        bankCode: "20",
        customerName: "박토스",
        dueDate: "2026-11-30T11:40:00+09:00",
        expired: false,
        refundStatus: "NONE",
      }
      : null,
    easyPay: null,
    cancels: cancels.length === 0 ? null : cancels,
    secret: "ps_1",
    failure: null,
    receipt: { url: "https://dashboard.tosspayments.com/receipt" },
    isPartialCancelable: true,
    currency: "KRW",
    totalAmount: TOTAL,
    balanceAmount: TOTAL - given(reading.cancels),
    method: story.isAccount ? "가상계좌" : "카드",
  }, reading.version);
}

async function openScene(sql: TransactionSql): Promise<Scene> {
  await sql`
    insert into public.products (id, name, price) values ('odd', 'x', ${TOTAL})`;
  const request = {
    requestId: crypto.randomUUID(),
    userId: null,
    items: [{ productId: "odd", quantity: 1 }],
    timeToLiveSeconds: 3600,
    mode: "test",
  };
  const [row] = await sql<{ answer: { orderId: string } }[]>`
    select public.create_order(${sql.json(request)}) as answer`;
  assert.ok(row);
  return { orderId: row.answer.orderId, paymentKey: "odd-payment" };
}

async function read(
  sql: TransactionSql,
  body: Record<string, unknown>,
  reading: Reading,
): Promise<void> {
  const text = reading.odd.reduce(withOddField, JSON.stringify(body));
  const outcome = judgeAnswer(
    { status: 200, body: text, traceId: null },
    PAYMENT,
  );
  assert.equal(outcome.kind, "answered", text);
  assert.ok(outcome.kind === "answered");
  const request = JSON.stringify({
    payment: paymentSnapshot(outcome.value),
    source: "webhook",
    askedAt: new Date().toISOString(),
  });
  const [row] = await sql<{ answer: { outcome: string } }[]>`
    select public.apply_payment(${request}::text::jsonb) as answer`;
  assert.equal(row?.answer.outcome, "confirmed", text);
}

async function booksOf(sql: TransactionSql, { orderId, paymentKey }: Scene) {
  const [row] = await sql<
    { order: string; balance: number; paid: boolean; amounts: number[] }[]
  >`
    select o.status as order, p.balance_amount::int as balance, toss_private.is_paid(p) as paid, array(
        select k.amount::int from public.payment_cancels as k
        where k.payment_key = p.payment_key and k.status = 'DONE' order by k.amount
      ) as amounts
    from public.orders as o
    join public.payments as p on p.order_id = o.id
    where o.id = ${orderId} and p.payment_key = ${paymentKey}`;
  assert.ok(row);
  return row;
}

function expected({ amounts }: Story, { status, cancels }: Reading) {
  const seen = amounts.slice(0, cancels);
  const given = seen.reduce((sum, amount) => sum + amount, 0);
  const isPaid = status === "DONE";
  return {
    order: !isPaid
      ? "waiting_for_deposit"
      : given === TOTAL
      ? "refunded"
      : given > 0
      ? "partially_refunded"
      : "paid",
    balance: TOTAL - given,
    paid: isPaid,
    amounts: seen.toSorted((left, right) => left - right),
  };
}

test("whatever stands in a side field, of any version, the money is recorded once", async ({ stack }) => {
  await fc.assert(
    fc.asyncProperty(stories, async (story) => {
      await inRollback(stack.sql, async (sql) => {
        const scene = await openScene(sql);
        for (const reading of story.readings) {
          await read(sql, bodyOf(scene, story, reading), reading);
          assert.deepEqual(
            { ...await booksOf(sql, scene) },
            expected(story, reading),
          );
        }
        const violations = await sql`
          select * from public.invariant_violations()`;
        assert.deepEqual([...violations], []);
      });
    }),
    { numRuns: propertyRuns(50) },
  );
});
