import assert from "node:assert/strict";
import { callSql } from "../../support/answers.ts";
import { assertInvariantsHold } from "../../support/books.ts";
import { shopTests } from "../../support/shop-test.ts";
import {
  addCustomer,
  addPlan,
  addSubscriber,
  claimOne,
  type Connection,
  decline,
  leasing,
  pay,
  readCharge,
  subscriptionRow,
} from "../../support/subscriber.ts";

const test = shopTests({}, assertInvariantsHold);

function digest(): string {
  return crypto.randomUUID().replaceAll("-", "").repeat(2);
}

/** A user hands in an authKey for a plan; `meanwhile` happens while Toss issues the key. */
async function register(
  sql: Connection,
  userId: string,
  planId: string | null,
  meanwhile: () => Promise<unknown> = () => Promise.resolve(),
): Promise<Record<string, unknown>> {
  const [customer] = await sql<{ customer_key: string }[]>`
    select customer_key from public.customers where user_id = ${userId}`;
  const operationId = crypto.randomUUID();
  const begun = await callSql(sql, "begin_billing_issue", {
    ...leasing(),
    operationId,
    userId,
    customerKey: customer?.customer_key,
    authKeyDigest: digest(),
    keyId: "k1",
    ciphertext: "encrypted authKey",
    planId,
  });
  assert.equal(begun.outcome, "proceed", JSON.stringify(begun));
  await meanwhile();
  return await callSql(sql, "finish_billing_issue", {
    ...leasing(),
    operationId,
    billingMethodId: crypto.randomUUID(),
    keyDigest: digest(),
    keyId: "k1",
    ciphertext: "encrypted billing key",
    method: "CARD",
    cardIssuerCode: "11",
    cardNumberMasked: "433012******1234",
    cardType: "신용",
    chargeLeaseToken: crypto.randomUUID(),
  });
}

function change(
  sql: Connection,
  subscriptionId: string,
  action: string,
  changes: Record<string, unknown> = {},
) {
  return callSql(sql, "change_subscription", {
    subscriptionId,
    action,
    ...leasing(),
    ...changes,
  });
}

test("changing the plan in a trial does not make room for another trial", async (shop) => {
  const { sql } = shop.stack;
  const tried = await addPlan(sql, { trialDays: 14 });
  const other = await addPlan(sql, { trialDays: 14 });
  const userId = await addCustomer(sql);
  const trial = await register(sql, userId, tried);
  const { id, status } = trial.subscription as { id: string; status: string };
  assert.equal(status, "trialing");
  await change(sql, id, "change_plan", { planId: other });
  await change(sql, id, "cancel_now");

  for (const planId of [tried, other]) {
    const again = await register(sql, userId, planId);
    assert.equal(again.planOutcome, "processing", "it is charged at once");
    await pay(sql, readCharge(again.charge));
  }
});

for (
  const [what, column, value] of [
    ["withdrawn", "active", false],
    ["made free", "price", 0],
  ] as const
) {
  test(`a plan that is ${what} while the card is registered leaves the card, and nothing is charged`, async (shop) => {
    const { sql } = shop.stack;
    const planId = await addPlan(sql);
    const userId = await addCustomer(sql);

    const answer = await register(
      sql,
      userId,
      planId,
      () =>
        sql`update public.plans set ${
          sql({ [column]: value })
        } where id = ${planId}`,
    );

    assert.deepEqual(
      [answer.outcome, answer.planOutcome, answer.charge, answer.subscription],
      ["issued", null, null, null],
    );
    const rows = await sql`
      select 1 from public.billing_methods where user_id = ${userId} and status = 'active'`;
    assert.equal(rows.length, 1);
  });
}

test("a new card pays what is owed at once, also while the old one would be tried again", async (shop) => {
  const { sql } = shop.stack;
  const start = "2026-10-01T00:00:00+09:00";
  const { userId, subscriptionId, methodId } = await addSubscriber(sql, start);
  const due = "2026-11-01T00:00:00+09:00";
  await decline(sql, await claimOne(sql, subscriptionId, due), "soft");
  const before = await subscriptionRow(sql, subscriptionId);
  assert.equal(before.needs_payment_method, false);

  const answer = await register(sql, userId, null);

  assert.deepEqual(answer.debts, [subscriptionId]);
  const item = await claimOne(sql, subscriptionId, due, { isRetry: true });
  assert.notEqual(item.billingMethodId, methodId);
  await pay(sql, item);
  const row = await subscriptionRow(sql, subscriptionId);
  assert.deepEqual([row.status, row.billing_method_id], [
    "active",
    item.billingMethodId,
  ]);
});
