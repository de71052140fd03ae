import assert from "node:assert/strict";
import type { Sql } from "postgres";
import { callSql } from "../answers.ts";
import {
  addCustomer,
  addMethod,
  addPlan,
  claimOne,
  type Connection,
  decline,
  leasing,
  pay,
  type PlanOptions,
  readCharge,
  subscriptionRow,
} from "../subscriber.ts";
import type { Values } from "./columns.ts";

/** A live subscription in one of the states that its rows can be in. */
export interface Actor {
  name: string;
  userId: string;
  methodId: string;
  subscriptionId: string;
}

async function subscribe(
  sql: Connection,
  name: string,
  plan: PlanOptions = {},
): Promise<Actor> {
  const planId = await addPlan(sql, { group: "contents", ...plan });
  const userId = await addCustomer(sql);
  const methodId = await addMethod(sql, userId);
  const answer = await callSql(sql, "subscribe_with_method", {
    planId,
    billingMethodId: methodId,
    ...leasing(),
  });
  if (answer.charge !== undefined) await pay(sql, readCharge(answer.charge));
  const [row] = await sql<{ id: string }[]>`
    select id from public.subscriptions where user_id = ${userId}`;
  assert.ok(row);
  return { name, userId, methodId, subscriptionId: row.id };
}

async function nextCharge(sql: Connection, { subscriptionId }: Actor) {
  const { next_charge_at } = await subscriptionRow(sql, subscriptionId);
  assert.ok(next_charge_at);
  // Rows know microseconds.
  const asOf = new Date(Date.parse(next_charge_at) + 1).toISOString();
  return await claimOne(sql, subscriptionId, asOf);
}

async function change(
  sql: Connection,
  { subscriptionId, userId }: Actor,
  action: Record<string, unknown>,
) {
  const { current_period_start } = await subscriptionRow(sql, subscriptionId);
  const asOf = new Date(Date.parse(current_period_start) + 10 * 86_400_000);
  return await callSql(sql, "change_subscription", {
    subscriptionId,
    userId,
    asOf: asOf.toISOString(),
    ...action,
    ...leasing(),
  });
}

async function makeActors(sql: Connection): Promise<Actor[]> {
  const cheap = await addPlan(sql, { price: 5_000, group: "contents" });
  const dear = await addPlan(sql, { price: 40_000, group: "contents" });

  const paidUp = await subscribe(sql, "paid up");
  await pay(sql, await nextCharge(sql, paidUp));

  const upgraded = await subscribe(sql, "upgraded, with a change to come");
  await pay(sql, await nextCharge(sql, upgraded));
  const upgrade = { action: "change_plan", planId: dear };
  await pay(sql, readCharge((await change(sql, upgraded, upgrade)).charge));
  await change(sql, upgraded, { action: "change_plan", planId: cheap });

  const trialing = await subscribe(sql, "in its trial", { trialDays: 14 });

  const owing = await subscribe(sql, "in arrears, tried again");
  await decline(sql, await nextCharge(sql, owing), "soft");

  const broken = await subscribe(sql, "in arrears without a card that works");
  await decline(sql, await nextCharge(sql, broken), "hard");

  const open = await subscribe(sql, "being charged");
  await nextCharge(sql, open);

  const leaving = await subscribe(sql, "with notice given");
  await change(sql, leaving, { action: "cancel_at_period_end" });

  const upgrading = await subscribe(sql, "being charged for an upgrade");
  await change(sql, upgrading, upgrade);

  return [
    paidUp,
    upgraded,
    trialing,
    owing,
    broken,
    open,
    leaving,
    upgrading,
  ];
}

/** Subscriptions to mutate, and what their columns may be set to. */
export interface Scene {
  actors: Actor[];
  /** What a column may be set to that its type does not tell. */
  values: Values;
}

/** Makes one live subscription in each state, and a stranger whose rows theirs are mixed up with. */
export async function makeScene(sql: Sql): Promise<Scene> {
  const actors = await makeActors(sql);
  const stranger = await subscribe(sql, "a stranger");
  const strangersCharge = await nextCharge(sql, stranger);
  const other = await addPlan(sql, { price: 10_000 });
  const uuid = (id: string) => `'${id}'::uuid`;
  return {
    actors,
    values: {
      user_id: [uuid(stranger.userId)],
      subscription_id: [uuid(stranger.subscriptionId)],
      billing_method_id: [
        uuid(stranger.methodId),
        `(select id from public.billing_methods where id <> '${stranger.methodId}' limit 1)`,
      ],
      charge_id: [uuid(strangersCharge.chargeId)],
      order_id: [`'${strangersCharge.orderId}'`],
      plan_id: [`'${other}'`],
      next_plan_id: [`'${other}'`],
      earlier_plan_id: [`'${other}'`],
      currency: ["'USD'"],
      interval: ["'week'"],
      plan_interval: ["'week'"],
      status: [
        "trialing",
        "active",
        "past_due",
        "canceled",
        "deleted",
        "pending",
        "processing",
        "unknown",
        "paid",
        "declined",
        "void",
      ].map((status) => `'${status}'`),
      kind: ["start", "renewal", "upgrade", "ad_hoc"].map((kind) =>
        `'${kind}'`
      ),
      source: ["'order'"],
    },
  };
}
