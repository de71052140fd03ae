import assert from "node:assert/strict";
import { callSql } from "../../support/answers.ts";
import { assertInvariantsHold } from "../../support/books.ts";
import { shopTests } from "../../support/shop-test.ts";
import {
  addCustomer,
  addMethod,
  addPlan,
  addSubscriber,
  claim,
  claimOne,
  type Connection,
  decline,
  leasing,
  outboxTypes,
  pay,
  readCharge,
  subscriptionRow,
} from "../../support/subscriber.ts";

const test = shopTests({}, assertInvariantsHold);

function digest(): string {
  return crypto.randomUUID().replaceAll("-", "").repeat(2);
}

/** What a user hands in to get a billing key. */
async function issueOf(sql: Connection, userId: string, planId?: string) {
  const [customer] = await sql<{ customer_key: string }[]>`
    select customer_key from public.customers where user_id = ${userId}`;
  return {
    operationId: crypto.randomUUID(),
    userId,
    customerKey: customer?.customer_key ?? "nobody",
    authKeyDigest: digest(),
    keyId: "k1",
    ciphertext: "encrypted authKey",
    planId: planId ?? null,
    ...leasing(),
  };
}

type Issue = Awaited<ReturnType<typeof issueOf>>;

function begin(sql: Connection, issue: Issue) {
  return callSql(sql, "begin_billing_issue", issue);
}

/** Toss has issued the key. */
function finish(sql: Connection, issue: Issue) {
  return callSql(sql, "finish_billing_issue", {
    ...leasing(),
    operationId: issue.operationId,
    leaseToken: issue.leaseToken,
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

/** A user who hands in an authKey, which Toss accepts. */
async function issue(sql: Connection, userId: string, planId?: string) {
  const request = await issueOf(sql, userId, planId);
  const begun = await begin(sql, request);
  assert.equal(begun.outcome, "proceed", JSON.stringify(begun));
  return { request, answer: await finish(sql, request) };
}

function subscriptionOf(answer: Record<string, unknown>) {
  return answer.subscription as { id: string; status: string } | null;
}

test("a first period is charged before there is a subscription, which its payment makes", async (shop) => {
  const { sql } = shop.stack;
  const planId = await addPlan(sql);
  const userId = await addCustomer(sql);
  const { request, answer } = await issue(sql, userId, planId);
  assert.deepEqual([answer.outcome, answer.planOutcome, answer.subscription], [
    "issued",
    "processing",
    null,
  ]);
  const item = readCharge(answer.charge);
  assert.deepEqual([item.chargeKind, item.attempt, item.amount], [
    "start",
    1,
    10_000,
  ]);
  assert.equal(item.ciphertext, "encrypted billing key");
  const again = await issueOf(sql, userId, planId);
  assert.equal((await begin(sql, again)).outcome, "already_subscribed");

  const paid = await pay(sql, item);

  const charge = paid.charge as Record<string, unknown>;
  const subscription = subscriptionOf(charge);
  assert.equal(subscription?.status, "active");
  const repeat = await begin(sql, { ...request, ...leasing() });
  assert.deepEqual([repeat.outcome, repeat.planOutcome], [
    "issued",
    "subscribed",
  ]);
  assert.equal(subscriptionOf(repeat)?.id, subscription?.id);
  const row = await subscriptionRow(sql, subscription?.id ?? "");
  assert.equal(row.next_charge_at, row.current_period_end);
  assert.ok(
    (await outboxTypes(sql, subscription?.id ?? "")).includes(
      "subscription.activated",
    ),
  );
  // Rows are to the microsecond, their text here to the millisecond.
  const due = new Date(Date.parse(row.current_period_end) + 1).toISOString();
  await pay(sql, await claimOne(sql, subscription?.id ?? "", due));
});

test("a first charge that is declined leaves the card and no subscription; the user may try again", async (shop) => {
  const { sql } = shop.stack;
  const planId = await addPlan(sql);
  const userId = await addCustomer(sql);
  const { request, answer } = await issue(sql, userId, planId);
  const declined = await decline(sql, readCharge(answer.charge), "soft");
  assert.deepEqual([declined.outcome, declined.nextAttemptAt], [
    "declined",
    null,
  ]);

  const repeat = await begin(sql, { ...request, ...leasing() });
  assert.deepEqual(
    [repeat.planOutcome, repeat.errorCode, repeat.subscription],
    [
      "declined",
      "REJECT_CARD_PAYMENT",
      null,
    ],
  );
  const next = await issue(sql, userId, planId);
  await pay(sql, readCharge(next.answer.charge));
});

test("a trial begins at once, is charged when it ends, and is given once", async (shop) => {
  const { sql } = shop.stack;
  const planId = await addPlan(sql, { trialDays: 7 });
  const userId = await addCustomer(sql);
  const { answer } = await issue(sql, userId, planId);
  const subscription = subscriptionOf(answer);
  assert.deepEqual([answer.planOutcome, answer.charge, subscription?.status], [
    "subscribed",
    null,
    "trialing",
  ]);
  const [plan] = await sql`
    select status, next_billing_date from public.user_plans where user_id = ${userId}`;
  assert.equal(plan?.status, "trialing");
  const row = await subscriptionRow(sql, subscription?.id ?? "");
  assert.equal(row.next_charge_at, plan?.next_billing_date.toISOString());
  await callSql(sql, "change_subscription", {
    subscriptionId: subscription?.id,
    userId,
    action: "cancel_now",
    ...leasing(),
  });

  const second = await issue(sql, userId, planId);

  assert.equal(readCharge(second.answer.charge).chargeKind, "start");
  await pay(sql, readCharge(second.answer.charge));
});

test("customerKey must be the caller's own", async (shop) => {
  const { sql } = shop.stack;
  const stranger = await issueOf(sql, await addCustomer(sql));
  const userId = await addCustomer(sql);

  const answer = await begin(sql, { ...stranger, userId });

  assert.deepEqual(answer, { outcome: "customer_key_mismatch" });
  const nobody = await begin(sql, { ...stranger, userId: crypto.randomUUID() });
  assert.deepEqual(nobody, { outcome: "customer_key_mismatch" });
});

test("an authKey that is handed in twice at the same time is sent by one caller", async (shop) => {
  const { sql } = shop.stack;
  const userId = await addCustomer(sql);
  const first = await issueOf(sql, userId);
  const answers = await Promise.all([1, 2, 3, 4].map(() =>
    begin(sql, {
      ...first,
      ...leasing(),
      operationId: crypto.randomUUID(),
    })
  ));

  assert.deepEqual(answers.map(({ outcome }) => outcome).sort(), [
    "proceed",
    "processing",
    "processing",
    "processing",
  ]);
});

test("a refused authKey answers the refusal again, and its ciphertext is gone", async (shop) => {
  const { sql } = shop.stack;
  const request = await issueOf(sql, await addCustomer(sql));
  await begin(sql, request);
  const stored = () =>
    sql`select ciphertext from toss_private.billing_issues where operation_id = ${request.operationId}`;
  assert.equal((await stored())[0]?.ciphertext, "encrypted authKey");
  const rejected = await callSql(sql, "reject_billing_issue", {
    operationId: request.operationId,
    leaseToken: request.leaseToken,
    errorCode: "NOT_FOUND_BILLING",
    errorMessage: "존재하지 않는 빌링 결제 인증 정보 입니다.",
    isFinal: true,
    source: "billing",
    requestId: "test",
  });

  assert.equal(rejected.outcome, "rejected");
  assert.equal((await stored())[0]?.ciphertext, null);
  const repeat = await begin(sql, { ...request, ...leasing() });
  assert.deepEqual([repeat.outcome, repeat.errorCode], [
    "rejected",
    "NOT_FOUND_BILLING",
  ]);
  // A key that comes in after all is not stored: the caller deletes it at Toss.
  assert.equal((await finish(sql, request)).outcome, "rejected");
});

test("a new card takes over the subscriptions that ask for one, and their debts are due at once", async (shop) => {
  const { sql } = shop.stack;
  const start = "2026-10-21T10:00:00+09:00";
  const due = "2026-11-21T10:00:00+09:00";
  const { subscriptionId, userId } = await addSubscriber(sql, start);
  await decline(sql, await claimOne(sql, subscriptionId, due), "hard");
  const { answer } = await issue(sql, userId);

  assert.deepEqual(answer.debts, [subscriptionId]);
  const { charges: [item] } = await claim(sql, new Date().toISOString(), {
    subscriptionId,
    asOf: null,
  });
  assert.equal(
    item?.billingMethodId,
    (answer.billingMethod as { id: string }).id,
  );
  assert.ok(item);
  await pay(sql, item);
  const row = await subscriptionRow(sql, subscriptionId);
  assert.deepEqual([row.status, row.needs_payment_method], ["active", false]);
});

test("what cannot be subscribed to is said before the card is asked for", async (shop) => {
  const { sql } = shop.stack;
  const userId = crypto.randomUUID();
  const cheap = await addPlan(sql, { price: 99 });
  const prepare = (planId: string | null) =>
    callSql(sql, "prepare_billing", { userId, planId, mode: "test" });
  assert.deepEqual(await prepare(cheap), { outcome: "plan_not_billable" });
  assert.deepEqual(await prepare("no-such"), { outcome: "plan_not_found" });

  const prepared = await prepare(null);

  assert.equal(prepared.outcome, "prepared");
  assert.deepEqual(await prepare(null), prepared);
});

/** An ad hoc charge of 5,000 won. */
function adHoc(sql: Connection, userId: string, changes: object = {}) {
  return callSql(sql, "begin_ad_hoc_charge", {
    ...leasing(),
    userId,
    amount: 5_000,
    orderName: "추가 결제",
    requestId: "invoice-1",
    ...changes,
  });
}

test("an ad hoc charge happens once per requestId, also when eight ask at the same time", async (shop) => {
  const { sql } = shop.stack;
  const userId = await addCustomer(sql);
  assert.equal((await adHoc(sql, userId)).outcome, "no_billing_method");
  await addMethod(sql, userId);
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => adHoc(sql, userId)),
  );
  const proceeding = answers.filter(({ outcome }) => outcome === "proceed");
  assert.equal(proceeding.length, 1);
  assert.equal(
    answers.filter(({ outcome }) => outcome === "processing").length,
    7,
  );
  await pay(sql, readCharge(proceeding[0]?.charge));

  const repeat = await adHoc(sql, userId);

  assert.equal(repeat.outcome, "paid");
  assert.equal(
    (await adHoc(sql, userId, { amount: 6_000 })).outcome,
    "conflict",
  );
  assert.equal(
    (await adHoc(sql, userId, { amount: 99, requestId: "b" })).outcome,
    "invalid",
  );
});

test("an ad hoc charge that is declined is over", async (shop) => {
  const { sql } = shop.stack;
  const userId = await addCustomer(sql);
  await addMethod(sql, userId);
  const begun = await adHoc(sql, userId);
  await decline(sql, readCharge(begun.charge), "soft");

  const repeat = await adHoc(sql, userId);

  assert.deepEqual([repeat.outcome, repeat.errorCode], [
    "declined",
    "REJECT_CARD_PAYMENT",
  ]);
  assert.equal(repeat.nextAttemptAt, null);
});

test("a deleted card is never charged again, and its key goes when Toss has deleted it", async (shop) => {
  const { sql } = shop.stack;
  const start = "2027-01-31T10:00:00+09:00";
  const { subscriptionId, userId, methodId } = await addSubscriber(sql, start);
  const request = { billingMethodId: methodId, userId };
  const remove = () =>
    callSql(sql, "begin_billing_delete", { ...request, ...leasing() });
  const stranger = await callSql(sql, "begin_billing_delete", {
    ...request,
    ...leasing(),
    userId: crypto.randomUUID(),
  });
  assert.deepEqual(stranger, { outcome: "method_not_found" });

  const begun = await remove();

  assert.equal(begun.outcome, "proceed");
  const operation = begun.operation as {
    operationId: string;
    ciphertext: string;
  };
  assert.equal(operation.ciphertext, `ciphertext of ${methodId}`);
  assert.equal((await remove()).outcome, "processing");
  const due = await claim(sql, "2027-02-28T10:00:00+09:00", { subscriptionId });
  assert.deepEqual([due.charges, due.refused], [[], 1]);
  const finished = await callSql(sql, "finish_billing_delete", {
    operationId: operation.operationId,
    source: "billing",
    requestId: "test",
  });
  assert.deepEqual(finished, { outcome: "deleted" });
  assert.deepEqual(await remove(), { outcome: "deleted" });
  const [key] = await sql`
    select ciphertext from toss_private.billing_keys where billing_method_id = ${methodId}`;
  assert.equal(key?.ciphertext, null);
});

test("rotation hands out what is under another key and stores only over what it was given", async (shop) => {
  const { sql } = shop.stack;
  const userId = await addCustomer(sql);
  const ids = [await addMethod(sql, userId), await addMethod(sql, userId)];
  await sql`
    update toss_private.billing_keys set key_id = 'k2'
    where key_id is not null and billing_method_id <> all (${ids})`;
  await sql`
    update toss_private.billing_issues set key_id = 'k2' where key_id is not null`;
  const claimed = await callSql(sql, "claim_keys_to_rotate", {
    activeKeyId: "k2",
    limit: 10,
  });
  const keys = claimed.keys as {
    store: string;
    id: string;
    ciphertext: string;
    associatedData: string;
  }[];
  assert.deepEqual(keys.map(({ id }) => id).sort(), [...ids].sort());
  assert.ok(keys.every(({ id, associatedData }) => id === associatedData));
  // The card is deleted while it is being re-encrypted.
  await sql`
    update toss_private.billing_keys set key_id = null, ciphertext = null where billing_method_id = ${
    ids[0] ?? ""
  }`;

  const stored = await callSql(sql, "store_rotated_keys", {
    keys: keys.map(({ store, id, ciphertext }) => ({
      store,
      id,
      fromCiphertext: ciphertext,
      keyId: "k2",
      ciphertext: `new ${ciphertext}`,
    })),
  });

  assert.deepEqual(stored, { stored: 1 });
  const rows = await sql`
    select key_id, ciphertext from toss_private.billing_keys
    where billing_method_id = any (${ids}) order by ciphertext`;
  assert.deepEqual(rows.map(({ key_id }) => key_id), ["k2", null]);
});

test("a registration that was given up says whether its key is somebody's card, so that it is not deleted at Toss", async (shop) => {
  const { sql } = shop.stack;
  const userId = await addCustomer(sql);
  const methodId = await addMethod(sql, userId);
  const [key] = await sql<{ key_digest: string }[]>`
    select key_digest from toss_private.billing_keys where billing_method_id = ${methodId}`;
  const late = await issueOf(sql, userId);
  await begin(sql, late);
  await callSql(sql, "reject_billing_issue", {
    operationId: late.operationId,
    leaseToken: late.leaseToken,
    errorCode: "BILLING_ISSUE_TIMEOUT",
    errorMessage: "",
    isFinal: true,
    source: "worker",
    requestId: "test",
  });
  const finishWith = (keyDigest: string) =>
    callSql(sql, "finish_billing_issue", {
      ...leasing(),
      operationId: late.operationId,
      billingMethodId: crypto.randomUUID(),
      keyDigest,
      keyId: "k1",
      ciphertext: "encrypted billing key",
      method: "CARD",
      chargeLeaseToken: crypto.randomUUID(),
    });

  const own = await finishWith(key?.key_digest ?? "");
  const unknown = await finishWith(digest());

  assert.deepEqual([own.outcome, own.isInUse], ["rejected", true]);
  assert.deepEqual([unknown.outcome, unknown.isInUse], ["rejected", false]);
});

test("a key that another user's card has ends the registration, and is not deleted at Toss", async (shop) => {
  const { sql } = shop.stack;
  const owner = await addCustomer(sql);
  const [key] = await sql<{ key_digest: string }[]>`
    select key_digest from toss_private.billing_keys where billing_method_id = ${await addMethod(
    sql,
    owner,
  )}`;
  const userId = await addCustomer(sql);
  const request = await issueOf(sql, userId);
  await begin(sql, request);

  const answer = await callSql(sql, "finish_billing_issue", {
    ...leasing(),
    operationId: request.operationId,
    billingMethodId: crypto.randomUUID(),
    keyDigest: key?.key_digest,
    keyId: "k1",
    ciphertext: "encrypted billing key",
    method: "CARD",
    chargeLeaseToken: crypto.randomUUID(),
  });

  assert.deepEqual([answer.outcome, answer.errorCode, answer.isInUse], [
    "rejected",
    "BILLING_KEY_IN_USE",
    true,
  ]);
  const rows = await sql`
    select 1 from public.billing_methods where user_id = ${userId}`;
  assert.equal(rows.length, 0);
});
