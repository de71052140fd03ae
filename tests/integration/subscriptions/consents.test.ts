import assert from "node:assert/strict";
import { CONSENT_TEXT_VERSION } from "../../../supabase/functions/_shared/notices/texts/consent-asked.ts";
import { callSql } from "../../support/answers.ts";
import { assertInvariantsHold } from "../../support/books.ts";
import {
  addTrial,
  advance,
  consentOf,
  consentRows,
  decide,
  inDays,
  reprice,
} from "../../support/consents.ts";
import { shopTests } from "../../support/shop-test.ts";
import {
  accessRows,
  addMethod,
  addPlan,
  addSubscriber,
  chargeRows,
  claim,
  claimOne,
  decline,
  leasing,
  outboxTypes,
  pay,
  subscriptionRow,
} from "../../support/subscriber.ts";

const test = shopTests({}, assertInvariantsHold);

/** Days until a moment, to the nearest. */
const daysUntil = (moment: string | Date) =>
  Math.round((new Date(moment).getTime() - Date.now()) / 86_400_000);

test("a trial is charged with a consent, once, and later periods need none", async (shop) => {
  const { sql } = shop.stack;
  const { subscriptionId, trialEnd } = await addTrial(sql, 14);
  await advance(sql);
  const asked = await consentOf(sql, subscriptionId);
  assert.deepEqual(
    [asked.kind, asked.amount_before, asked.amount_after, asked.method],
    ["trial_conversion", 0, 10_000, "CARD"],
  );
  const [shown] = await sql`
    select text_version from public.subscription_consents where id = ${asked.id}`;
  assert.equal(shown?.text_version, CONSENT_TEXT_VERSION);
  assert.equal(asked.effective_at.toISOString(), trialEnd);
  assert.ok(asked.opens_at.getTime() <= Date.now(), "a short trial's is open");
  await advance(sql);
  assert.equal((await consentRows(sql, subscriptionId)).length, 1);

  assert.equal(await decide(sql, subscriptionId, "consent"), "changed");
  assert.equal(await decide(sql, subscriptionId, "consent"), "changed");
  await pay(sql, await claimOne(sql, subscriptionId, trialEnd));
  const { next_charge_at } = await subscriptionRow(sql, subscriptionId);
  assert.ok(next_charge_at);
  await pay(sql, await claimOne(sql, subscriptionId, next_charge_at));

  const charges = await sql`
    select covered_by, consent_id from public.subscription_charges
    where subscription_id = ${subscriptionId} order by period_number`;
  assert.deepEqual([...charges], [
    { covered_by: "consent", consent_id: asked.id },
    { covered_by: "agreed", consent_id: null },
  ]);
  assert.deepEqual(
    (await outboxTypes(sql, subscriptionId)).filter((type) =>
      type.startsWith("consent.")
    ),
    ["consent.asked", "consent.given"],
  );
});

test("a trial that nobody consented to ends at its date, asked or not, refused or silent, without a charge", async (shop) => {
  const { sql } = shop.stack;
  const [never, silent, refused, changed] = await Promise.all(
    Array.from({ length: 4 }, () => addTrial(sql, 14)),
  );
  assert.ok(never && silent && refused && changed);
  await sql`update public.subscriptions set consent_ask_at = null where id = ${never.subscriptionId}`;
  await advance(sql);
  await decide(sql, refused.subscriptionId, "decline_consent");
  await decide(sql, changed.subscriptionId, "consent");
  await decide(sql, changed.subscriptionId, "decline_consent");

  const asOf = inDays(15);
  const run = await claim(sql, asOf);
  assert.deepEqual([run.charges.length, run.ended], [0, 4]);
  for (
    const { subscriptionId, trialEnd } of [never, silent, refused, changed]
  ) {
    const { status, end_reason, ended_at } = await subscriptionRow(
      sql,
      subscriptionId,
    );
    const isRefused: boolean = [refused, changed].some((one) =>
      one.subscriptionId === subscriptionId
    );
    assert.deepEqual([status, end_reason], [
      "canceled",
      isRefused ? "consent_refused" : "consent_missing",
    ]);
    assert.equal(ended_at, trialEnd);
    assert.deepEqual(await chargeRows(sql, subscriptionId), []);
    const [access] = await accessRows(sql, subscriptionId);
    assert.equal(access?.ends_at, trialEnd);
  }
  assert.deepEqual(
    (await consentRows(sql, silent.subscriptionId)).map((row) => [
      row.decision,
      row.source,
    ]),
    [["lapsed", "billing"]],
  );
});

test("nothing is asked before the window of a long trial, and nothing can be decided outside of it", async (shop) => {
  const { sql } = shop.stack;
  const { subscriptionId, trialEnd } = await addTrial(sql, 60);
  await advance(sql, inDays(29.9));
  assert.deepEqual(await consentRows(sql, subscriptionId), []);
  await advance(sql, inDays(30.1));
  const asked = await consentOf(sql, subscriptionId);
  assert.equal(daysUntil(asked.opens_at), 30);
  // The clock that counts for the law is the real one.
  assert.equal(
    await decide(sql, subscriptionId, "consent"),
    "consent_not_open",
  );
  assert.equal((await consentOf(sql, subscriptionId)).decision, null);
  assert.equal((await claim(sql, trialEnd)).ended, 1);
});

test("a reminder comes once, seven days before, to who has not decided", async (shop) => {
  const { sql } = shop.stack;
  const silent = await addTrial(sql, 20);
  const decided = await addTrial(sql, 20);
  const short = await addTrial(sql, 5);
  await advance(sql);
  await decide(sql, decided.subscriptionId, "decline_consent");
  for (const day of [12, 13.5, 14]) await advance(sql, inDays(day));
  const types = async ({ subscriptionId }: typeof silent) =>
    (await outboxTypes(sql, subscriptionId)).filter((type) =>
      type.startsWith("consent.")
    );
  assert.deepEqual(await types(silent), ["consent.asked", "consent.reminded"]);
  assert.deepEqual(await types(decided), ["consent.asked", "consent.refused"]);
  assert.deepEqual(await types(short), ["consent.asked"]);
});

test("no way around: direct claims, retries, catch-up, another card and dunning charge no trial without consent", async (shop) => {
  const { sql } = shop.stack;
  const trial = await addTrial(sql, 7, { interval: "week", catchUp: "all" });
  const { subscriptionId, userId, trialEnd } = trial;
  await advance(sql);
  for (
    const changes of [
      { subscriptionId, isRetry: true },
      { subscriptionId },
      { subscriptionId, limit: 1, isRetry: false },
    ]
  ) {
    assert.deepEqual((await claim(sql, inDays(3), changes)).charges, []);
  }
  const otherCard = await addMethod(sql, userId);
  const method = await callSql(sql, "change_subscription", {
    ...leasing(),
    subscriptionId,
    action: "change_method",
    billingMethodId: otherCard,
    userId,
  });
  assert.equal(method.outcome, "changed");
  const retry = await callSql(sql, "change_subscription", {
    ...leasing(),
    subscriptionId,
    action: "retry_payment",
    userId,
  });
  assert.equal(retry.outcome, "illegal");

  // Written by hand, past every function.
  const insert = (changes: { consentId: string | null; amount: number }) =>
    sql`
      insert into public.subscription_charges (
        kind, subscription_id, user_id, plan_id, plan_amount, plan_interval, plan_interval_count, period_number,
        period_start, period_end, amount, currency, order_name, consent_id, created_at
      )
      select 'renewal', s.id, s.user_id, s.plan_id, ${changes.amount}, s.interval, s.interval_count, 0,
        s.current_period_end, s.current_period_end + interval '7 days', ${changes.amount}, 'KRW', 'x',
        ${changes.consentId}, now()
      from public.subscriptions as s where s.id = ${subscriptionId}`;
  const asked = await consentOf(sql, subscriptionId);
  await assert.rejects(
    insert({ consentId: null, amount: 10_000 }),
    /no consent covers it/,
  );
  await assert.rejects(
    insert({ consentId: asked.id, amount: 10_000 }),
    /no consent covers it/,
  );
  await decide(sql, subscriptionId, "consent");
  await assert.rejects(
    insert({ consentId: asked.id, amount: 20_000 }),
    /subscription_charges_consent_fkey/,
  );
  const other = await addTrial(sql, 7, trial.planId);
  await advance(sql);
  await decide(sql, other.subscriptionId, "consent");
  await assert.rejects(
    insert({
      consentId: (await consentOf(sql, other.subscriptionId)).id,
      amount: 10_000,
    }),
    /subscription_charges_consent_fkey|no consent covers it/,
  );
  await decide(sql, subscriptionId, "decline_consent");

  // A week was missed, and all of it is caught up.
  const run = await claim(sql, inDays(15), { subscriptionId });
  assert.deepEqual([run.charges.length, run.ended], [0, 1]);
  assert.ok(trialEnd);
});

test("a consented trial is charged after a missed week, and tried again after a decline under the same consent", async (shop) => {
  const { sql } = shop.stack;
  const { subscriptionId } = await addTrial(sql, 14, { interval: "week" });
  await advance(sql);
  await decide(sql, subscriptionId, "consent");
  const late = inDays(22);
  await decline(sql, await claimOne(sql, subscriptionId, late), "soft");
  await advance(sql, late);
  const again = await claimOne(sql, subscriptionId, inDays(23.1));
  assert.equal(again.attempt, 2);
  await pay(sql, again);
  const rows = await chargeRows(sql, subscriptionId);
  assert.deepEqual(rows.map(({ status }) => status), ["void", "paid"]);
  // Decided for good: a charge was made with it.
  assert.equal(
    await decide(sql, subscriptionId, "decline_consent"),
    "consent_not_open",
  );
});

test("another plan in a trial voids what was asked or given, and asks again for the new amount", async (shop) => {
  const { sql } = shop.stack;
  const { subscriptionId, userId, trialEnd } = await addTrial(sql, 14);
  const dearer = await addPlan(sql, { consent: "required", price: 20_000 });
  await advance(sql);
  await decide(sql, subscriptionId, "consent");
  const given = await consentOf(sql, subscriptionId);
  const changed = await callSql(sql, "change_subscription", {
    ...leasing(),
    subscriptionId,
    action: "change_plan",
    planId: dearer,
    userId,
  });
  assert.equal(changed.outcome, "changed");
  assert.equal(
    await decide(sql, subscriptionId, "consent", { consentId: given.id }),
    "consent_not_open",
  );
  await advance(sql);
  const [first, second] = await consentRows(sql, subscriptionId);
  assert.equal(first?.decision, "given");
  assert.ok(first?.voided_at);
  assert.equal(second?.amount_after, 20_000);
  assert.equal((await claim(sql, trialEnd, { subscriptionId })).ended, 1);
});

test("a decision is the subscriber's alone, and a row proves what was asked", async (shop) => {
  const { sql } = shop.stack;
  const { subscriptionId } = await addTrial(sql, 14);
  const other = await addTrial(sql, 14);
  await advance(sql);
  const asked = await consentOf(sql, subscriptionId);
  assert.equal(
    await decide(sql, subscriptionId, "consent", { userId: other.userId }),
    "subscription_not_found",
  );
  assert.equal(
    await decide(sql, other.subscriptionId, "consent", { consentId: asked.id }),
    "consent_not_open",
  );
  assert.equal((await consentOf(sql, subscriptionId)).decision, null);
  for (
    const harm of [
      sql`update public.subscription_consents set amount_after = 5 where id = ${asked.id}`,
      sql`update public.subscription_consents set asked_at = now() - interval '1 day' where id = ${asked.id}`,
      sql`update public.subscription_consents set method_number = '1***' where id = ${asked.id}`,
      sql`delete from public.subscription_consents where id = ${asked.id}`,
      sql`truncate public.subscription_consents cascade`,
    ]
  ) await assert.rejects(harm);
  // Outside the window, whoever writes it.
  await assert.rejects(
    sql`
      update public.subscription_consents set decision = 'given', source = 'shop', decided_at = effective_at
      where id = ${asked.id}`,
    /subscription_consents_decided_in_window/,
  );
});

test("the link of a notice works once, and only for what it was made for", async (shop) => {
  const { sql } = shop.stack;
  const { subscriptionId } = await addTrial(sql, 14);
  await advance(sql);
  const { id: consentId } = await consentOf(sql, subscriptionId);
  const answer = async (action: string) =>
    (await callSql(sql, "answer_consent_link", {
      consentId,
      action,
      requestId: "test",
    })).outcome;
  const shown = await callSql(sql, "read_consent", { consentId });
  assert.equal((await consentOf(sql, subscriptionId)).decision, null);
  assert.ok(
    JSON.stringify(shown).includes('"isOpen": true') ||
      JSON.stringify(shown).includes('"isOpen":true'),
  );
  assert.equal(await answer("decline_consent"), "decided");
  assert.equal(await answer("consent"), "consent_not_open");
  const { decision, source } = await consentOf(sql, subscriptionId);
  assert.deepEqual([decision, source], ["refused", "link"]);
  // Signed in it can still be decided otherwise.
  assert.equal(await decide(sql, subscriptionId, "consent"), "changed");
});

test("a rise is charged to who consented; the others end, or keep their price where the plan says so", async (shop) => {
  const { sql } = shop.stack;
  for (const withoutConsent of ["cancel", "keep_price"] as const) {
    const planId = await addPlan(sql, { consent: "required", withoutConsent });
    const start = inDays(-20);
    const [yes, no, silent] = await Promise.all(
      Array.from({ length: 3 }, () => addSubscriber(sql, start, planId)),
    );
    assert.ok(yes && no && silent);
    await sql`update public.plans set price = 11000 where id = ${planId}`;
    const today = new Date(Date.now() + 9 * 3_600_000).toISOString().slice(
      0,
      10,
    );
    await reprice(sql, planId, 15_000, today);
    await advance(sql);
    await decide(sql, yes.subscriptionId, "consent");
    await decide(sql, no.subscriptionId, "decline_consent");
    const asked = await consentOf(sql, silent.subscriptionId);
    assert.deepEqual(
      [asked.kind, asked.amount_before, asked.amount_after],
      ["price_rise", 10_000, 15_000],
    );
    const asOf = asked.effective_at.toISOString();
    const run = await claim(sql, asOf);
    for (const item of run.charges) await pay(sql, item);
    const amounts = new Map(
      run.charges.map((item) => [item.subscriptionId, item.amount]),
    );
    assert.equal(amounts.get(yes.subscriptionId), 15_000);
    assert.equal(
      (await subscriptionRow(sql, yes.subscriptionId)).amount,
      15_000,
    );
    for (
      const [one, reason] of [[no, "consent_refused"], [
        silent,
        "consent_missing",
      ]] as const
    ) {
      const row = await subscriptionRow(sql, one.subscriptionId);
      if (withoutConsent === "cancel") {
        assert.equal(amounts.get(one.subscriptionId), undefined);
        assert.deepEqual([row.status, row.end_reason], ["canceled", reason]);
      } else {
        assert.equal(amounts.get(one.subscriptionId), 10_000);
        assert.deepEqual([row.status, row.amount], ["active", 10_000]);
      }
    }
    const next =
      (await subscriptionRow(sql, yes.subscriptionId)).next_charge_at;
    assert.ok(next);
    await advance(sql, next);
    for (const item of (await claim(sql, next)).charges) {
      assert.equal(
        item.amount,
        item.subscriptionId === yes.subscriptionId ? 15_000 : 10_000,
      );
      await pay(sql, item);
    }
    const [plan] =
      await sql`select price::int from public.plans where id = ${planId}`;
    assert.equal(plan?.price, 15_000, "new subscribers pay it");
  }
});

test("a plan without consent takes the new price, and a lower price needs none", async (shop) => {
  const { sql } = shop.stack;
  const today = new Date(Date.now() + 9 * 3_600_000).toISOString().slice(0, 10);
  for (
    const [consent, amount] of [["not_required", 15_000], [
      "required",
      5_000,
    ]] as const
  ) {
    const planId = await addPlan(sql, { consent });
    const { subscriptionId } = await addSubscriber(sql, inDays(-20), planId);
    await reprice(sql, planId, amount, today);
    await advance(sql);
    assert.deepEqual(await consentRows(sql, subscriptionId), []);
    const { next_charge_at } = await subscriptionRow(sql, subscriptionId);
    assert.ok(next_charge_at);
    const item = await claimOne(sql, subscriptionId, next_charge_at);
    assert.equal(item.amount, amount);
    await pay(sql, item);
  }
});

test("a later price or a change back asks again or asks no more", async (shop) => {
  const { sql } = shop.stack;
  const planId = await addPlan(sql, { consent: "required" });
  const { subscriptionId } = await addSubscriber(sql, inDays(-20), planId);
  const today = new Date(Date.now() + 9 * 3_600_000).toISOString().slice(0, 10);
  await reprice(sql, planId, 15_000, today);
  await advance(sql);
  await decide(sql, subscriptionId, "consent");
  await reprice(sql, planId, 16_000, today);
  await advance(sql);
  const rows = await consentRows(sql, subscriptionId);
  assert.deepEqual(
    rows.map((row) => [row.amount_after, row.decision, row.voided_at !== null]),
    [[15_000, "given", true], [16_000, null, false]],
  );
  await reprice(sql, planId, 10_000, today);
  assert.ok(
    (await consentRows(sql, subscriptionId)).every((row) => row.voided_at),
  );
});

test("an introductory price ends after its periods, with consent; who comes back pays the whole price", async (shop) => {
  const { sql } = shop.stack;
  const trial = await addTrial(sql, 5, {
    introPrice: 1_000,
    introPeriods: 1,
    interval: "week",
  });
  const { subscriptionId, trialEnd } = trial;
  await advance(sql);
  assert.equal((await consentOf(sql, subscriptionId)).amount_after, 1_000);
  await decide(sql, subscriptionId, "consent");
  await pay(sql, await claimOne(sql, subscriptionId, trialEnd));
  await advance(sql);
  const rise = await consentOf(sql, subscriptionId);
  assert.deepEqual(
    [
      rise.kind,
      rise.amount_before,
      rise.amount_after,
      daysUntil(rise.effective_at),
    ],
    ["price_rise", 1_000, 10_000, 12],
  );
  await decide(sql, subscriptionId, "consent");
  const item = await claimOne(
    sql,
    subscriptionId,
    rise.effective_at.toISOString(),
  );
  assert.equal(item.amount, 10_000);
  await pay(sql, item);
  assert.ok(
    (await outboxTypes(sql, subscriptionId)).includes(
      "subscription.price_changed",
    ),
  );
  const [back] = await sql`
    select toss_private.first_price(${trial.userId}, p)::int as again,
      toss_private.first_price(gen_random_uuid(), p)::int as first
    from public.plans as p where p.id = ${trial.planId}`;
  assert.deepEqual(back, { again: 10_000, first: 1_000 });
});

test("trials from before the plan needed consent are asked, not charged", async (shop) => {
  const { sql } = shop.stack;
  const planId = await addPlan(sql, { trialDays: 14, consent: "not_required" });
  const { subscriptionId, trialEnd } = await addTrial(sql, 14, planId);
  await advance(sql);
  assert.deepEqual(await consentRows(sql, subscriptionId), []);
  await sql`update public.plans set consent = 'required' where id = ${planId}`;
  await advance(sql);
  assert.equal((await consentOf(sql, subscriptionId)).kind, "trial_conversion");
  assert.deepEqual(
    (await claim(sql, trialEnd, { subscriptionId })).charges,
    [],
  );
});

test("a consent covers the rise it was asked for, and no later one to the same price", async (shop) => {
  const { sql } = shop.stack;
  const planId = await addPlan(sql, {
    consent: "required",
    withoutConsent: "cancel",
  });
  const today = new Date(Date.now() + 9 * 3_600_000).toISOString().slice(0, 10);
  const { subscriptionId } = await addSubscriber(sql, inDays(-20), planId);
  const paid: number[] = [];
  const payNext = async () => {
    const { next_charge_at } = await subscriptionRow(sql, subscriptionId);
    assert.ok(next_charge_at);
    const item = await claimOne(sql, subscriptionId, next_charge_at);
    paid.push(item.amount);
    await pay(sql, item);
  };
  await reprice(sql, planId, 15_000, today);
  await advance(sql);
  assert.equal(await decide(sql, subscriptionId, "consent"), "changed");
  await payNext();
  await reprice(sql, planId, 10_000, today);
  await payNext();
  await reprice(sql, planId, 15_000, today);
  const { next_charge_at } = await subscriptionRow(sql, subscriptionId);
  assert.ok(next_charge_at);
  await advance(
    sql,
    new Date(Date.parse(next_charge_at) - 86_400_000).toISOString(),
  );
  assert.equal((await consentRows(sql, subscriptionId)).length, 2);

  const run = await claim(sql, next_charge_at);
  assert.deepEqual(
    run.charges.filter((item) => item.subscriptionId === subscriptionId),
    [],
  );
  assert.deepEqual(paid, [15_000, 10_000]);
  const row = await subscriptionRow(sql, subscriptionId);
  assert.deepEqual([row.status, row.end_reason], [
    "canceled",
    "consent_missing",
  ]);
});

test("who comes back to a plan pays what was shown then, whatever was planned before they left", async (shop) => {
  const { sql } = shop.stack;
  const today = new Date(Date.now() + 9 * 3_600_000).toISOString().slice(0, 10);
  const planId = await addPlan(sql, { consent: "not_required" });
  const other = await addPlan(sql, { consent: "not_required" });
  const { subscriptionId, userId } = await addSubscriber(
    sql,
    inDays(-20),
    planId,
  );
  const changeTo = async (planId: string) => {
    const { outcome } = await callSql(sql, "change_subscription", {
      ...leasing(),
      subscriptionId,
      action: "change_plan",
      planId,
      userId,
    });
    assert.equal(outcome, "changed");
  };
  const payNext = async () => {
    const { next_charge_at } = await subscriptionRow(sql, subscriptionId);
    assert.ok(next_charge_at);
    const item = await claimOne(sql, subscriptionId, next_charge_at);
    await pay(sql, item);
    return item.amount;
  };
  await reprice(sql, planId, 12_000, today);
  await changeTo(other);
  assert.equal(await payNext(), 10_000);
  await reprice(sql, planId, 10_000, today);
  // It is in force, and nothing is planned any more.
  await advance(sql);
  await changeTo(planId);
  assert.equal(await payNext(), 10_000);
});

test("a charge that was begun before a repricing pays its own price, and the next one the new", async (shop) => {
  const { sql } = shop.stack;
  const planId = await addPlan(sql, { consent: "not_required" });
  const { subscriptionId } = await addSubscriber(sql, inDays(-40), planId);
  const { next_charge_at } = await subscriptionRow(sql, subscriptionId);
  assert.ok(next_charge_at);
  const begun = await claimOne(sql, subscriptionId, next_charge_at);
  assert.equal(begun.amount, 10_000);
  // As if it had been planned for a day that the open period began after.
  const today = new Date(Date.now() + 9 * 3_600_000).toISOString().slice(0, 10);
  const repricingId = await reprice(sql, planId, 9_000, today);
  await sql`
    update toss_private.price_steps set from_at = ${next_charge_at}
    where repricing_id = ${repricingId}`;
  await pay(sql, begun);
  const next = (await subscriptionRow(sql, subscriptionId)).next_charge_at;
  assert.ok(next);
  assert.equal((await claimOne(sql, subscriptionId, next)).amount, 9_000);
});
