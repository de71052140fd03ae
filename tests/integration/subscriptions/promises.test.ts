import assert from "node:assert/strict";
import { callSql } from "../../support/answers.ts";
import { assertInvariantsHold } from "../../support/books.ts";
import { shopTests } from "../../support/shop-test.ts";
import {
  addPlan,
  addSubscriber,
  type ChargeItem,
  chargeRows,
  claimOne,
  type Connection,
  leasing,
  outboxTypes,
  pay,
  paymentKeyOf,
  readCharge,
} from "../../support/subscriber.ts";

const test = shopTests({}, assertInvariantsHold);
const START = "2027-04-01T00:00:00+09:00";
/** Ten of April's thirty days are over. */
const DAY_11 = "2027-04-11T00:00:00+09:00";
const DAY_21 = "2027-04-21T00:00:00+09:00";

/** A subscriber who has paid 10,000 won for April. */
async function april(sql: Connection) {
  const before = "2027-03-01T00:00:00+09:00";
  const subscriber = await addSubscriber(sql, before);
  const item = await claimOne(sql, subscriber.subscriptionId, START);
  await pay(sql, item);
  return { ...subscriber, item };
}

type Paid = Awaited<ReturnType<typeof april>>;

function cancelNow(
  sql: Connection,
  { subscriptionId }: Paid,
  refund: "none" | "prorated",
  asOf = DAY_11,
) {
  return callSql(sql, "change_subscription", {
    subscriptionId,
    userId: null,
    action: "cancel_now",
    refund,
    asOf,
    ...leasing(),
  });
}

function amounts({ refunds }: Record<string, unknown>) {
  return (refunds as { amount: number }[]).map(({ amount }) => amount);
}

/** Toss tells that parts were given back in its dashboard, one after another. */
async function giveBack(sql: Connection, item: ChargeItem, ...parts: number[]) {
  let left = item.amount;
  const cancels = parts.map((cancelAmount, index) => ({
    transactionKey: `goodwill-${index}-${item.orderId}`,
    cancelAmount,
    cancelReason: "goodwill",
    cancelStatus: "DONE",
    canceledAt: `2026-11-22T10:0${index}:00+09:00`,
    refundableAmount: left -= cancelAmount,
  }));
  await pay(sql, item, {
    status: "PARTIAL_CANCELED",
    balanceAmount: left,
    canceledAt: "2026-11-22T10:00:00+09:00",
    cancels,
  });
}

/** Toss tells that everything left was given back in its dashboard. */
async function giveBackRest(sql: Connection, item: ChargeItem) {
  const canceledAt = new Date(Date.now() + 1000).toISOString();
  const [known] = await sql<{ cancels: unknown[]; left: number }[]>`
    select p.balance_amount::int as left, coalesce((
      select jsonb_agg(jsonb_build_object(
        'transactionKey', k.transaction_key, 'cancelAmount', k.amount, 'cancelReason', k.reason,
        'cancelStatus', k.status, 'canceledAt', k.canceled_at, 'refundableAmount', k.refundable_amount
      )) from public.payment_cancels as k where k.payment_key = p.payment_key
    ), '[]') as cancels
    from public.payments as p where p.payment_key = ${paymentKeyOf(item)}`;
  assert.ok(known);
  await pay(sql, item, {
    status: "CANCELED",
    balanceAmount: 0,
    canceledAt,
    cancels: [...known.cancels, {
      transactionKey: `rest-${item.orderId}`,
      cancelAmount: known.left,
      cancelReason: "goodwill",
      cancelStatus: "DONE",
      canceledAt,
      refundableAmount: 0,
    }],
  });
}

/** The shop asks for a refund of its own, which waits for its turn. */
function beginRefund(sql: Connection, item: ChargeItem, cancelAmount: number) {
  const { leaseToken, leaseSeconds, mode } = leasing();
  return callSql(sql, "begin_cancel", {
    paymentKey: paymentKeyOf(item),
    cancelReason: "goodwill",
    cancelAmount,
    requestId: "goodwill",
    requestDigests: ["0".repeat(64)],
    requestedBy: "operator",
    operationId: crypto.randomUUID(),
    leaseToken,
    leaseSeconds,
    mode,
    logRequestId: "test",
  });
}

/** The cancels of a payment, oldest first. */
async function cancels(sql: Connection, item: ChargeItem) {
  return [
    ...await sql<
      { id: string; state: string; amount: number; request_id: string }[]
    >`
      select id, state, amount::int, request_id from public.operations
      where payment_key = ${
      paymentKeyOf(item)
    } and kind = 'cancel' order by created_at`,
  ];
}

async function reserved(sql: Connection, item: ChargeItem) {
  const [row] = await sql<{ reserved: number }[]>`
    select reserved_amount::int as reserved from public.payments
    where payment_key = ${paymentKeyOf(item)}`;
  return row?.reserved;
}

/** Toss refuses the cancel that is open. */
async function refuse(sql: Connection, item: ChargeItem, isFinal = true) {
  const open = (await cancels(sql, item)).find(({ state }) =>
    state === "started"
  );
  assert.ok(open);
  const leaseToken = crypto.randomUUID();
  await sql`update public.operations set lease_token = ${leaseToken} where id = ${open.id}`;
  await callSql(sql, "reject_cancel", {
    operationId: open.id,
    leaseToken,
    errorCode: "NOT_CANCELABLE_PAYMENT",
    errorMessage: "",
    isFinal,
    source: "worker",
    requestId: "test",
  });
}

/** Whether `promised_refund_is_made` names a charge two hours later. */
async function isNamed(sql: Connection, { chargeId }: ChargeItem) {
  await sql`update toss_private.clock set time_offset = interval '2 hours'`;
  const rows = await sql`
    select 1 from public.invariant_violations()
    where invariant = 'promised_refund_is_made' and subject = ${chargeId}`;
  await sql`update toss_private.clock set time_offset = interval '0'`;
  return rows.length > 0;
}

test("a promise and the cancel that keeps it are one write: reserved, queued, leased to nobody", async (shop) => {
  const { sql } = shop.stack;
  const who = await april(sql);

  assert.deepEqual(amounts(await cancelNow(sql, who, "prorated")), [6_666]);

  assert.equal(await reserved(sql, who.item), 6_666);
  const [row] = await sql`
    select op.is_queued, op.state, op.lease_expires_at <= toss_private.clock_now() as is_free, c.refund_due::int
    from public.subscription_charges as c join public.operations as op on op.id = c.refund_operation_id
    where c.id = ${who.item.chargeId}`;
  assert.deepEqual(row, {
    is_queued: true,
    state: "started",
    is_free: true,
    refund_due: 6_666,
  });
  const claimed = await callSql(sql, "claim_operations", {
    limit: 10,
    ...leasing(),
  });
  const taken = (claimed.operations as { requestId?: string; amount: number }[])
    .filter(({ amount }) => amount === 6_666);
  assert.equal(taken.length, 1, "the worker finds it");
  await giveBackRest(sql, who.item);
});

test("what was given back before is not given back again: the part is taken of what the shop has kept", async (shop) => {
  const { sql } = shop.stack;
  const who = await april(sql);
  await giveBack(sql, who.item, 2_500, 500);

  // Twenty of thirty days of the 7,000 that are left.
  assert.deepEqual(amounts(await cancelNow(sql, who, "prorated")), [4_666]);
  await giveBackRest(sql, who.item);
});

test("a refund that is on its way counts as given back", async (shop) => {
  const { sql } = shop.stack;
  const who = await april(sql);
  assert.equal((await beginRefund(sql, who.item, 4_000)).outcome, "proceed");

  assert.deepEqual(amounts(await cancelNow(sql, who, "prorated")), [4_000]);

  assert.equal(await reserved(sql, who.item), 8_000);
  assert.deepEqual(
    (await cancels(sql, who.item)).map(({ amount }) => amount),
    [4_000, 4_000],
  );
  await giveBackRest(sql, who.item);
});

test("what was given back before a promise does not keep it", async (shop) => {
  const { sql } = shop.stack;
  const who = await april(sql);
  await giveBack(sql, who.item, 7_000);
  assert.deepEqual(amounts(await cancelNow(sql, who, "prorated")), [2_000]);

  assert.equal(await isNamed(sql, who.item), true);
  await refuse(sql, who.item);
  assert.equal(await isNamed(sql, who.item), true);

  await giveBackRest(sql, who.item);
  assert.equal(await isNamed(sql, who.item), false, "nothing is left");
});

test("a promise that Toss refused is kept when the shop gives the money back its own way", async (shop) => {
  const { sql } = shop.stack;
  const who = await april(sql);
  await cancelNow(sql, who, "prorated");
  await refuse(sql, who.item);
  assert.equal(await reserved(sql, who.item), 0);
  const since = new Date(Date.now() + 1000).toISOString();
  await pay(sql, who.item, {
    status: "PARTIAL_CANCELED",
    balanceAmount: 3_000,
    canceledAt: since,
    cancels: [{
      transactionKey: `by-hand-${who.item.orderId}`,
      cancelAmount: 7_000,
      cancelReason: "by hand",
      cancelStatus: "DONE",
      canceledAt: since,
      refundableAmount: 3_000,
    }],
  });

  assert.equal(await isNamed(sql, who.item), false);
});

for (const isFinal of [true, false]) {
  test(`a refund that Toss refused (${isFinal ? "finally" : "for now"}) is begun anew when it is asked for again, under another requestId`, async (shop) => {
    const { sql } = shop.stack;
    const who = await april(sql);
    await cancelNow(sql, who, "prorated");
    await refuse(sql, who.item, isFinal);
    await cancelNow(sql, who, "none");
    assert.equal((await cancels(sql, who.item)).length, 1);

    await cancelNow(sql, who, "prorated");
    await cancelNow(sql, who, "prorated");

    const requestId = `cancel-now-${who.item.chargeId}`;
    assert.deepEqual(
      (await cancels(sql, who.item)).map((one) => [
        one.state,
        one.amount,
        one.request_id,
      ]),
      [
        ["rejected", 6_666, requestId],
        ["started", 6_666, `${requestId}-2`],
      ],
    );
    assert.equal(await reserved(sql, who.item), 6_666);
    await giveBackRest(sql, who.item);
  });
}

test("a refund that another one left too little for is begun anew with what is left", async (shop) => {
  const { sql } = shop.stack;
  const who = await april(sql);
  await cancelNow(sql, who, "prorated");
  await giveBack(sql, who.item, 9_000);
  assert.equal((await cancels(sql, who.item))[0]?.state, "rejected");

  assert.deepEqual(amounts(await cancelNow(sql, who, "prorated")), [1_000]);

  assert.equal(
    (await chargeRows(sql, who.subscriptionId))[0]?.refund_due,
    1_000,
  );
  await giveBackRest(sql, who.item);
});

test("a refund that is asked for after the end is for the time since the end, however late it is asked for", async (shop) => {
  const { sql } = shop.stack;
  const who = await april(sql);
  assert.equal((await cancelNow(sql, who, "none")).outcome, "changed");

  const late = await cancelNow(
    sql,
    who,
    "prorated",
    "2027-06-01T00:00:00+09:00",
  );

  assert.deepEqual(amounts(late), [6_666]);
  assert.deepEqual(await cancelNow(sql, who, "prorated"), late);
  assert.deepEqual((await outboxTypes(sql, who.subscriptionId)).slice(-2), [
    "subscription.canceled",
    "subscription.refund_promised",
  ]);
  await giveBackRest(sql, who.item);
});

test("each payment of a period is given back of what is left of it", async (shop) => {
  const { sql } = shop.stack;
  const who = await april(sql);
  const answer = await callSql(sql, "change_subscription", {
    subscriptionId: who.subscriptionId,
    userId: who.userId,
    action: "change_plan",
    planId: await addPlan(sql, { price: 25_000 }),
    asOf: DAY_11,
    ...leasing(),
  });
  const upgrade = readCharge(answer.charge);
  await pay(sql, upgrade);
  await giveBack(sql, who.item, 4_000);

  const refunds = amounts(await cancelNow(sql, who, "prorated", DAY_21));

  // A third of the 6,000 that are left, half of the 10,000 for twenty days.
  assert.deepEqual(refunds, [2_000, 5_000]);
  await giveBackRest(sql, who.item);
  await giveBackRest(sql, upgrade);
});

test("when nothing is left of the period's money, ending it is all that happens", async (shop) => {
  const { sql } = shop.stack;
  const who = await april(sql);
  await giveBack(sql, who.item, 9_999);
  // Two thirds of one won.
  const ended = await cancelNow(sql, who, "prorated");

  assert.equal(ended.outcome, "changed");
  assert.deepEqual(await cancelNow(sql, who, "prorated"), ended);
});

test("a plain end of which nothing can be given back refuses a refund with a reason", async (shop) => {
  const { sql } = shop.stack;
  const who = await april(sql);
  await cancelNow(sql, who, "none");
  await giveBackRest(sql, who.item);

  const { outcome, reason } = await cancelNow(sql, who, "prorated");

  assert.deepEqual([outcome, reason], ["illegal", "nothing_to_refund"]);
});
