import assert from "node:assert/strict";
import fc from "fast-check";
import type { TransactionSql } from "postgres";
import { callSql } from "../../support/answers.ts";
import { assertInvariantsHold } from "../../support/books.ts";
import { propertyRuns } from "../../support/property-runs.ts";
import { addTrial, inDays } from "../../support/consents.ts";
import { inRollback } from "../../support/rollback.ts";
import { shopTests } from "../../support/shop-test.ts";
import {
  addMethod,
  addPlan,
  addSubscriber,
  claim,
  claimOne,
  type Connection,
  decline,
  leasing,
  pay,
  readCharge,
} from "../../support/subscriber.ts";

const test = shopTests({}, assertInvariantsHold);

const BEGIN = "2027-03-01T00:00:00+09:00";
const DAY_MS = 86_400_000;

/** As long as the month of the others. */
const TRIAL_DAYS = 30;

/** When a period of the subscription below begins. */
const PERIODS = ["2027-04-01", "2027-05-01"].map((day) =>
  `${day}T00:00:00+09:00`
);

interface Drawing {
  /** Before the first charge, after it, or with a debt. */
  state: string;
  isLeaving: boolean;
  hasUpgraded: boolean;
  needsConsent: boolean;
  /** Of the period, in thousandths. */
  moment: number;
  action: string;
  price: number;
}

const drawn: fc.Arbitrary<Drawing> = fc.record({
  state: fc.constantFrom("trialing", "active", "past_due"),
  isLeaving: fc.boolean(),
  hasUpgraded: fc.boolean(),
  needsConsent: fc.boolean(),
  moment: fc.integer({ min: 1, max: 999 }),
  action: fc.constantFrom(
    "cancel_at_period_end",
    "resume",
    "cancel_now",
    "refund",
    "dearer",
    "dearer",
    "cheaper",
    "yearly",
    "back",
    "change_method",
    "retry_payment",
  ),
  price: fc.integer({ min: 10_001, max: 90_000 }),
});

/** Of every kind one at least. */
const EXAMPLES = [
  ["active", "dearer"],
  ["active", "refund"],
  ["active", "cheaper"],
  ["active", "resume"],
  ["past_due", "retry_payment"],
  ["trialing", "back"],
]
  .map(([state = "", action = ""]): [Drawing] => [{
    state,
    action,
    isLeaving: false,
    hasUpgraded: false,
    needsConsent: true,
    moment: 400,
    price: 25_000,
  }]);

interface Scene {
  subscriptionId: string;
  planId: string;
  userId: string;
}

/** A paid-up subscription, or one with a debt; answers when its period began. */
async function stage(
  sql: Connection,
  { userId, subscriptionId }: Scene,
  { state, isLeaving, hasUpgraded }: Drawing,
): Promise<string> {
  const [april = "", may = ""] = PERIODS;
  await pay(sql, await claimOne(sql, subscriptionId, april));
  const ask = (action: string, more: Record<string, unknown>) =>
    callSql(sql, "change_subscription", {
      subscriptionId,
      userId,
      action,
      ...leasing(),
      ...more,
    });
  if (hasUpgraded) {
    const pro = await addPlan(sql, { price: 30_000 });
    const asOf = "2027-04-01T01:00:00+09:00";
    const answer = await ask("change_plan", { planId: pro, asOf });
    await pay(sql, readCharge(answer.charge));
  }
  if (state === "past_due") {
    await decline(sql, await claimOne(sql, subscriptionId, may), "soft");
    return may;
  }
  if (isLeaving) await ask("cancel_at_period_end", { asOf: april });
  return april;
}

/** What the drawn action is called, and what it needs. */
async function requestOf(
  sql: Connection,
  { subscriptionId, planId, userId }: Scene,
  { action, price }: Drawing,
): Promise<Record<string, unknown>> {
  const base = { subscriptionId, userId };
  switch (action) {
    case "refund":
      return { ...base, action: "cancel_now", refund: "prorated" };
    case "dearer":
      return {
        ...base,
        action: "change_plan",
        planId: await addPlan(sql, { price }),
      };
    case "cheaper":
      return {
        ...base,
        action: "change_plan",
        planId: await addPlan(sql, { price: 5_000 }),
      };
    case "yearly":
      return {
        ...base,
        action: "change_plan",
        planId: await addPlan(sql, { price, interval: "year" }),
      };
    case "back":
      return { ...base, action: "change_plan", planId };
    case "change_method":
      return { ...base, action, billingMethodId: await addMethod(sql, userId) };
    default:
      return { ...base, action };
  }
}

interface NextCharge {
  at: string;
  amount: number;
  needsConsent: boolean;
}

function amountOf(charge: unknown): number | null {
  return (charge as { amount: number } | null)?.amount ?? null;
}

/** What stands after a change was asked for, and Toss approved its charge. */
async function happened(sql: TransactionSql, request: Record<string, unknown>) {
  const answer = await callSql(sql, "change_subscription", request);
  const charge = answer.charge === undefined ? null : readCharge(answer.charge);
  if (charge !== null) await pay(sql, charge);
  const id = String(request.subscriptionId);
  const [row] = await sql<{ view: unknown; access: string; next: unknown }[]>`
    select toss_private.subscription_view(s) as view, toss_private.coming_charge(s) as next, (
      select to_jsonb(max(e.ends_at)) from public.entitlements as e
      where e.subscription_id = s.id and e.revoked_at is null
    ) as access
    from public.subscriptions as s where s.id = ${id}`;
  const refunds = (answer.refunds ?? []) as {
    orderId: string;
    amount: number;
  }[];
  return {
    answer,
    subscription: row?.view,
    accessEndsAt: row?.access,
    nextCharge: row?.next,
    amount: charge?.amount ?? null,
    refunds: refunds.map(({ orderId, amount }) => ({ orderId, amount }))
      .sort((left, right) => left.orderId < right.orderId ? -1 : 1),
  };
}

const SNAPSHOT = `
  select md5(string_agg(t.line, '' order by t.line)) as digest from (
    select s::text as line from public.subscriptions as s
    union all select c::text from public.subscription_charges as c
    union all select o::text from public.orders as o
    union all select p::text from public.operations as p
    union all select e::text from public.entitlements as e
    union all select x::text from public.outbox_events as x
    union all select a::text from public.payment_events as a
  ) as t`;

test("a preview is what then happens, to the won and the second, and leaves nothing", async ({ stack: { sql } }) => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(
      drawn,
      (drawing) =>
        inRollback(sql, async (transaction) => {
          const scene = drawing.state === "trialing"
            ? await addTrial(transaction, TRIAL_DAYS, {
              consent: drawing.needsConsent ? "required" : "not_required",
            })
            : await addSubscriber(transaction, BEGIN);
          const begin = "trialEnd" in scene
            ? inDays(0)
            : await stage(transaction, scene, drawing);
          const asOf = new Date(
            Date.parse(begin) + drawing.moment * TRIAL_DAYS * DAY_MS / 1000,
          ).toISOString();
          const request = {
            ...await requestOf(transaction, scene, drawing),
            asOf,
            ...leasing(),
          };
          const [before] = await transaction.unsafe(SNAPSHOT);
          const preview = await callSql(
            transaction,
            "preview_subscription_change",
            request,
          );
          const [after] = await transaction.unsafe(SNAPSHOT);
          assert.deepEqual(after, before);

          const { answer, amount, ...rest } = await happened(
            transaction,
            request,
          );
          seen.add(`${drawing.action} ${answer.outcome}`);
          if (preview.outcome !== "preview") {
            assert.deepEqual(preview, answer);
            return;
          }
          const { outcome: _, charge, ...shown } = preview;
          assert.deepEqual(shown, rest);
          assert.equal(amountOf(charge), amount);

          const next = shown.nextCharge as NextCharge | null;
          if (next === null) return;
          const { charges } = await claim(transaction, next.at, {
            subscriptionId: scene.subscriptionId,
          });
          assert.deepEqual(
            charges.map((one) => one.amount),
            next.needsConsent ? [] : [next.amount],
          );
          seen.add(next.needsConsent ? "waits for consent" : "is charged");
        }),
    ),
    { numRuns: propertyRuns(60), examples: EXAMPLES },
  );
  for (
    const one of [
      "dearer charge",
      "refund refund",
      "cheaper changed",
      "retry_payment charge",
      "resume illegal",
      "waits for consent",
      "is charged",
    ]
  ) assert.ok(seen.has(one), `${one} was not drawn: ${[...seen]}`);
});
