import assert from "node:assert/strict";
import { callSql } from "../../support/answers.ts";
import { assertInvariantsHold } from "../../support/books.ts";
import { shopTests } from "../../support/shop-test.ts";
import {
  accessRows,
  addPlan,
  addSubscriber,
  claim,
  claimOne,
  type Connection,
  decline,
  DUNNING,
  leasing,
  outboxTypes,
  pay,
  readCharge,
  seoul,
  type Subscriber,
  subscriptionRow,
} from "../../support/subscriber.ts";

const test = shopTests({}, assertInvariantsHold);
const START = "2027-01-31T10:00:00+09:00";
const DUE = "2027-02-28T10:00:00+09:00";

function march(day: number, time = "10:00:00"): string {
  return `2027-03-${String(day).padStart(2, "0")}T${time}+09:00`;
}

/** So much time passes. Toss's answer to what was asked before comes after it. */
async function wait(sql: Connection, duration: string): Promise<void> {
  await sql`update toss_private.clock set time_offset = time_offset + ${duration}::interval`;
}

function advance(sql: Connection, asOf: string) {
  const request = { limit: 100, asOf, dunning: DUNNING };
  return callSql(sql, "advance_subscriptions", request);
}

/** Whether the entitlements give access to the plan at a moment. */
async function hasAccess(
  sql: Connection,
  { subscriptionId }: Subscriber,
  at: string,
): Promise<boolean> {
  const [row] = await sql<{ yes: boolean }[]>`
    select exists (
      select 1 from public.entitlements
      where subscription_id = ${subscriptionId} and starts_at <= ${at} and ends_at > ${at} and revoked_at is null
    ) as yes`;
  return row?.yes ?? false;
}

for (const declineClass of ["soft", "hard", "limit"] as const) {
  test(`a ${declineClass} refusal that is learned eight days late is the first day of dunning`, async (shop) => {
    const { sql } = shop.stack;
    const who = await addSubscriber(sql, START);
    const item = await claimOne(sql, who.subscriptionId, DUE);
    await wait(sql, "8 days");

    const answer = await decline(sql, item, declineClass);

    const row = await subscriptionRow(sql, who.subscriptionId);
    assert.equal(row.status, "past_due");
    assert.deepEqual(
      [answer.nextAttemptAt === null, row.next_charge_at, row.access_ends_at],
      {
        soft: [false, seoul("2027-03-09T10:00:00"), null],
        limit: [false, seoul("2027-03-09T00:05:00"), null],
        hard: [true, null, seoul("2027-03-15T10:00:00")],
      }[declineClass],
    );
    const [access] = await accessRows(sql, who.subscriptionId);
    assert.equal(access?.ends_at, seoul("2027-03-15T10:00:00"));
    const [event] = await sql`
      select payload ->> 'accessEndsAt' as ends from public.outbox_events
      where subject = ${who.subscriptionId} and event_type = 'subscription.past_due'`;
    assert.equal(
      new Date(event?.ends).toISOString(),
      seoul("2027-03-15T10:00:00"),
    );
    const { charges } = await claim(sql, march(8), {
      subscriptionId: who.subscriptionId,
    });
    assert.deepEqual(charges, [], "not a second attempt in the same moment");
  });
}

test("a run that learns the refusal as of a later day counts from that day", async (shop) => {
  const { sql } = shop.stack;
  const who = await addSubscriber(sql, START);
  const item = await claimOne(sql, who.subscriptionId, DUE);
  await callSql(sql, "decline_charge", {
    ...leasing(),
    operationId: item.operationId,
    leaseToken: item.leaseToken,
    errorCode: "REJECT_CARD_PAYMENT",
    errorMessage: "",
    declineClass: "soft",
    asOf: march(3),
  });

  const row = await subscriptionRow(sql, who.subscriptionId);
  assert.equal(row.next_charge_at, seoul("2027-03-04T10:00:00"));
});

test("a retry whose refusal comes days late goes on with the day that is still to come", async (shop) => {
  const { sql } = shop.stack;
  const who = await addSubscriber(sql, START);
  await decline(sql, await claimOne(sql, who.subscriptionId, DUE), "soft");
  const item = await claimOne(sql, who.subscriptionId, march(1));
  await wait(sql, "3 days");
  await decline(sql, item, "soft");

  const row = await subscriptionRow(sql, who.subscriptionId);
  assert.equal(row.next_charge_at, seoul("2027-03-05T10:00:00"));
});

test("a retry whose refusal comes after the last day ends it then, and not before", async (shop) => {
  const { sql } = shop.stack;
  const who = await addSubscriber(sql, START);
  await decline(sql, await claimOne(sql, who.subscriptionId, DUE), "soft");
  const item = await claimOne(sql, who.subscriptionId, march(5));
  await wait(sql, "9 days");
  await decline(sql, item, "soft");

  const row = await subscriptionRow(sql, who.subscriptionId);
  assert.deepEqual([row.status, row.ended_at], [
    "canceled",
    seoul("2027-03-14T10:00:00"),
  ]);
  const [access] = await accessRows(sql, who.subscriptionId);
  assert.equal(access?.ends_at, seoul("2027-03-14T10:00:00"));
  const events = await outboxTypes(sql, who.subscriptionId);
  assert.equal(
    events.filter((type) => type === "subscription.past_due").length,
    1,
  );
});

test("a refusal that comes just before a day of the schedule is not followed by the next attempt at once", async (shop) => {
  const { sql } = shop.stack;
  const who = await addSubscriber(sql, START);
  await decline(sql, await claimOne(sql, who.subscriptionId, DUE), "soft");
  const item = await claimOne(sql, who.subscriptionId, march(1));
  await wait(sql, "5 days 23:59:00");
  await decline(sql, item, "soft");

  const row = await subscriptionRow(sql, who.subscriptionId);
  assert.deepEqual([row.status, row.next_charge_at], [
    "past_due",
    seoul("2027-03-07T10:59:00"),
  ]);
  const [access] = await accessRows(sql, who.subscriptionId);
  assert.equal(access?.ends_at, row.next_charge_at);
  const last = await claimOne(
    sql,
    who.subscriptionId,
    march(7, "10:59:00"),
  );
  await decline(sql, last, "soft");
  assert.equal(
    (await subscriptionRow(sql, who.subscriptionId)).status,
    "canceled",
  );
});

test("an upgrade that is refused late leaves no reminder of a day that is over", async (shop) => {
  const { sql } = shop.stack;
  const who = await addSubscriber(sql, START);
  const answer = await callSql(sql, "change_subscription", {
    subscriptionId: who.subscriptionId,
    action: "change_plan",
    planId: await addPlan(sql, { price: 40_000 }),
    asOf: "2027-02-20T10:00:00+09:00",
    ...leasing(),
  });
  await wait(sql, "7 days");
  await decline(sql, readCharge(answer.charge), "soft");

  const row = await subscriptionRow(sql, who.subscriptionId);
  assert.deepEqual([row.remind_at, row.next_charge_at], [
    null,
    seoul("2027-02-28T10:00:00"),
  ]);
});

for (
  const [interval, first, days] of [
    ["day", "2027-02-01T10:00:00+09:00", 20],
    ["week", "2027-02-07T10:00:00+09:00", 30],
    ["month", DUE, 60],
  ] as const
) {
  test(`an open charge of a ${interval} gives access until its answer comes`, async (shop) => {
    const { sql } = shop.stack;
    const who = await addSubscriber(sql, START, { interval });
    const item = await claimOne(sql, who.subscriptionId, first);
    const day = (count: number) =>
      new Date(Date.parse(first) + count * 86_400_000).toISOString();
    for (let passed = 0; passed <= days; passed++) {
      await advance(sql, day(passed));
      assert.ok(await hasAccess(sql, who, day(passed)), `day ${passed}`);
    }
    await pay(sql, item);
    const [access] = await accessRows(sql, who.subscriptionId);
    const row = await subscriptionRow(sql, who.subscriptionId);
    assert.equal(access?.ends_at, row.current_period_end, "no more than paid");
  });

  test(`every retry of a ${interval} gives access while it is open, and the grace after it`, async (shop) => {
    const { sql } = shop.stack;
    const who = await addSubscriber(sql, START, { interval });
    const day = (count: number) =>
      new Date(Date.parse(first) + count * 86_400_000).toISOString();
    for (const count of [0, 1, 3, 5, 7]) {
      const item = await claimOne(sql, who.subscriptionId, day(count));
      assert.ok(await hasAccess(sql, who, day(count)), `day ${count}, open`);
      await advance(sql, day(count));
      await decline(sql, item, "soft");
      assert.equal(
        await hasAccess(sql, who, day(count)),
        count < 7,
        `day ${count}, refused`,
      );
      assert.equal(await hasAccess(sql, who, day(7)), false);
    }
    assert.equal(
      (await subscriptionRow(sql, who.subscriptionId)).status,
      "canceled",
    );
  });
}
