import assert from "node:assert/strict";
import { callSql } from "../../support/answers.ts";
import { assertInvariantsHold } from "../../support/books.ts";
import { shopTests } from "../../support/shop-test.ts";
import {
  accessRows,
  addPlan,
  addSubscriber,
  chargeRows,
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
  subscriptionRow,
} from "../../support/subscriber.ts";

const test = shopTests({}, assertInvariantsHold);

function change(
  sql: Connection,
  subscriptionId: string,
  action: string,
  changes: Record<string, unknown>,
) {
  return callSql(sql, "change_subscription", {
    subscriptionId,
    action,
    ...leasing(),
    ...changes,
  });
}

/** Pays what is due at `asOf`, one after the other, until nothing is. */
async function payAll(sql: Connection, subscriptionId: string, asOf: string) {
  let paid = 0;
  for (;;) {
    const [item] = (await claim(sql, asOf, { subscriptionId })).charges;
    if (item === undefined) return paid;
    await pay(sql, item);
    paid++;
  }
}

test("the reminder of the next charge survives a declined upgrade, and comes once", async (shop) => {
  const { sql } = shop.stack;
  const { subscriptionId } = await addSubscriber(
    sql,
    "2027-03-01T00:00:00+09:00",
  );
  const april = "2027-04-01T00:00:00+09:00";
  await pay(sql, await claimOne(sql, subscriptionId, april));
  const planId = await addPlan(sql, { price: 50_000 });
  const upgrade = (asOf: string) =>
    change(sql, subscriptionId, "change_plan", { planId, asOf });
  const first = await upgrade("2027-04-11T00:00:00+09:00");
  await decline(sql, readCharge(first.charge), "soft");
  assert.equal(
    (await subscriptionRow(sql, subscriptionId)).remind_at,
    seoul("2027-04-28T00:00:00"),
  );
  const advance = () =>
    callSql(sql, "advance_subscriptions", {
      limit: 100,
      asOf: "2027-04-28T00:00:00+09:00",
      dunning: DUNNING,
    });
  await advance();
  const second = await upgrade("2027-04-29T00:00:00+09:00");
  await decline(sql, readCharge(second.charge), "soft");
  await advance();
  const reminders = (await outboxTypes(sql, subscriptionId))
    .filter((type) => type === "subscription.renewal_upcoming");
  assert.equal(reminders.length, 1);
});

test("who waits for the midnight after a limit is not locked out before the last attempt", async (shop) => {
  const { sql } = shop.stack;
  const { subscriptionId } = await addSubscriber(
    sql,
    "2027-01-31T12:00:00+09:00",
  );
  // Due at noon of 28 February; the last day of the ladder ends at noon of 7 March.
  const due = "2027-02-28T12:00:00+09:00";
  await decline(sql, await claimOne(sql, subscriptionId, due), "soft");
  const lastNight = await claimOne(
    sql,
    subscriptionId,
    "2027-03-07T00:05:00+09:00",
  );
  await decline(sql, lastNight, "limit");

  const row = await subscriptionRow(sql, subscriptionId);
  assert.equal(row.next_charge_at, seoul("2027-03-08T00:05:00"));
  const access = (await accessRows(sql, subscriptionId)).at(-1);
  assert.equal(access?.ends_at, row.next_charge_at);
  const last = await claimOne(
    sql,
    subscriptionId,
    "2027-03-08T00:05:00+09:00",
  );
  await decline(sql, last, "limit");
  assert.equal((await subscriptionRow(sql, subscriptionId)).status, "canceled");
});

for (
  const [catchUp, paid, last] of [["current", 1, 8], ["all", 8, 8]] as const
) {
  test(`a daily plan after a week without a runner, catch_up ${catchUp}`, async (shop) => {
    const { sql } = shop.stack;
    const { subscriptionId } = await addSubscriber(
      sql,
      "2027-03-01T09:00:00+09:00",
      { interval: "day", catchUp, reminderDays: 0 },
    );

    const asOf = "2027-03-09T12:00:00+09:00";
    assert.equal(await payAll(sql, subscriptionId, asOf), paid);

    const row = await subscriptionRow(sql, subscriptionId);
    assert.equal(row.period_number, last);
    assert.equal(row.next_charge_at, seoul("2027-03-10T09:00:00"));
    const rows = await chargeRows(sql, subscriptionId);
    assert.equal(rows.length, 8);
    assert.equal(
      rows.filter(({ status }) => status === "void").length,
      8 - paid,
    );
  });
}

test("dunning that lasts longer than the period: one debt, then the period that runs", async (shop) => {
  const { sql } = shop.stack;
  const { subscriptionId } = await addSubscriber(
    sql,
    "2027-03-01T09:00:00+09:00",
    { interval: "day", reminderDays: 0 },
  );
  const march = (day: number) => `2027-03-0${day}T09:00:00+09:00`;
  await decline(sql, await claimOne(sql, subscriptionId, march(2)), "soft");
  await decline(sql, await claimOne(sql, subscriptionId, march(3)), "soft");
  assert.equal((await chargeRows(sql, subscriptionId)).length, 1);

  await pay(sql, await claimOne(sql, subscriptionId, march(5)));
  await pay(sql, await claimOne(sql, subscriptionId, march(5)));

  const rows = await chargeRows(sql, subscriptionId);
  assert.deepEqual(rows.map(({ status }) => status), [
    "paid",
    "void",
    "void",
    "paid",
  ]);
  const row = await subscriptionRow(sql, subscriptionId);
  assert.equal(row.next_charge_at, seoul("2027-03-06T09:00:00"));
});

test("a debt that is paid months later does not bring the months between", async (shop) => {
  const { sql } = shop.stack;
  const { subscriptionId } = await addSubscriber(
    sql,
    "2027-01-31T00:00:00+09:00",
  );
  const dunning = { scheduleDays: [1], finalAction: "keep_past_due" };
  const due = "2027-02-28T00:00:00+09:00";
  await decline(
    sql,
    await claimOne(sql, subscriptionId, due),
    "soft",
    dunning,
  );
  const second = await claimOne(
    sql,
    subscriptionId,
    "2027-03-01T00:00:00+09:00",
  );
  await decline(sql, second, "soft", dunning);
  const later = "2027-07-15T00:00:00+09:00";
  const debt = await claimOne(sql, subscriptionId, later, { isRetry: true });
  await pay(sql, debt);
  assert.equal(await payAll(sql, subscriptionId, later), 1);

  const rows = await chargeRows(sql, subscriptionId);
  assert.deepEqual(rows.map(({ status }) => status), [
    "paid",
    "void",
    "void",
    "void",
    "paid",
  ]);
  const row = await subscriptionRow(sql, subscriptionId);
  assert.equal(row.next_charge_at, seoul("2027-07-31T00:00:00"));
});

test("an upgrade at the very end of a period is the next period's plan; one second before it is free", async (shop) => {
  const { sql } = shop.stack;
  const start = "2027-03-01T00:00:00+09:00";
  const end = "2027-04-01T00:00:00+09:00";
  const planId = await addPlan(sql, { price: 20_000 });
  const late = await addSubscriber(sql, start);
  const planned = await change(sql, late.subscriptionId, "change_plan", {
    planId,
    asOf: end,
  });
  assert.equal(planned.outcome, "changed");
  const item = await claimOne(sql, late.subscriptionId, end);
  assert.equal(item.amount, 20_000);
  await pay(sql, item);

  const early = await addSubscriber(sql, start);
  await change(sql, early.subscriptionId, "change_plan", {
    planId,
    asOf: "2027-03-31T23:59:59+09:00",
  });
  const row = await subscriptionRow(sql, early.subscriptionId);
  assert.deepEqual([row.plan_id, row.next_charge_at], [
    planId,
    seoul("2027-04-01T00:00:00"),
  ]);
});

test("a downgrade that is followed by an upgrade is forgotten, also when the upgrade is declined it stays", async (shop) => {
  const { sql } = shop.stack;
  const start = "2027-03-01T00:00:00+09:00";
  const asOf = "2027-03-11T00:00:00+09:00";
  const { subscriptionId, planId } = await addSubscriber(sql, start);
  const cheaper = await addPlan(sql, { price: 5_000 });
  const dearer = await addPlan(sql, { price: 40_000 });
  await change(sql, subscriptionId, "change_plan", { planId: cheaper, asOf });
  const to = { planId: dearer, asOf };
  const refused = await change(sql, subscriptionId, "change_plan", to);
  await decline(sql, readCharge(refused.charge), "soft");
  const kept = await subscriptionRow(sql, subscriptionId);
  assert.deepEqual([kept.plan_id, kept.next_plan_id], [planId, cheaper]);

  const accepted = await change(sql, subscriptionId, "change_plan", to);
  await pay(sql, readCharge(accepted.charge));

  const row = await subscriptionRow(sql, subscriptionId);
  assert.deepEqual([row.plan_id, row.next_plan_id, row.amount], [
    dearer,
    null,
    40_000,
  ]);
});

test("a thousand years are a period, too", async (shop) => {
  const { sql } = shop.stack;
  const { subscriptionId } = await addSubscriber(
    sql,
    "2028-02-29T00:00:00+09:00",
    { interval: "year", intervalCount: 1000 },
  );
  const first = await subscriptionRow(sql, subscriptionId);
  assert.equal(first.current_period_end, seoul("3028-02-29T00:00:00"));
  await pay(
    sql,
    await claimOne(sql, subscriptionId, "3028-02-29T00:00:00+09:00"),
  );
});

test("an empty or single day of dunning ends at once or after it", async (shop) => {
  const { sql } = shop.stack;
  for (const [scheduleDays, attempts] of [[[], 1], [[1], 2]] as const) {
    const { subscriptionId } = await addSubscriber(
      sql,
      "2027-03-01T00:00:00+09:00",
    );
    const dunning = { scheduleDays, finalAction: "cancel" };
    for (let attempt = 0; attempt < attempts; attempt++) {
      const asOf = `2027-04-0${attempt + 1}T00:00:00+09:00`;
      const item = await claimOne(sql, subscriptionId, asOf);
      await decline(sql, item, "soft", dunning);
    }
    const row = await subscriptionRow(sql, subscriptionId);
    assert.equal(row.status, "canceled");
    for (const access of await accessRows(sql, subscriptionId)) {
      const end = access.revoked_at ?? access.ends_at;
      assert.ok(end <= String(row.ended_at), JSON.stringify(access));
    }
  }
});
