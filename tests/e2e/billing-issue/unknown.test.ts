import assert from "node:assert/strict";
import type { FaultInput } from "../../../simulator/faults/fault.ts";
import { addPlan, issue, registerInWindow } from "../../support/billing.ts";
import {
  chargeRows,
  makeChargesDue,
  makeIssueDue,
} from "../../support/billing-rows.ts";
import { eventually } from "../../support/eventually.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { signUp, type User } from "../../../stack/users.ts";
import { moveDatabaseClock, work } from "../../support/worker.ts";

const test = shopTests({ environment: { TOSS_TIMEOUT_MS: "2000" } });

const ISSUE = { path: "/v1/billing/authorizations/issue" };

/** The Idempotency-Keys of a user's requests for a billing key, oldest first. */
function issueKeys({ simulator }: Shop, { id }: User, from: number) {
  return simulator.requests().slice(from)
    .filter(({ path }) => path === ISSUE.path)
    .map(({ idempotencyKey }) => {
      assert.ok(idempotencyKey, id);
      return idempotencyKey;
    });
}

/** What the operations of a user's registrations look like. */
async function issueOperations({ stack }: Shop, { id }: User) {
  return [
    ...await stack.sql<
      { state: string; error_code: string | null; ciphertext: string | null }[]
    >`
      select op.state, op.error_code, i.ciphertext
      from toss_private.billing_issues as i join public.operations as op on op.id = i.operation_id
      where i.user_id = ${id} order by op.created_at`,
  ];
}

async function methodCount(user: User): Promise<number> {
  const { data } = await user.client.from("billing_methods").select();
  return data?.length ?? 0;
}

// After each of these Toss has issued the key, and replays it for the same Idempotency-Key.
const LOST: [string, FaultInput][] = [
  ["a lost answer", {
    kind: "lose_answer_after",
    ...ISSUE,
    count: "always",
  }],
  ["half an answer", { kind: "half_body", ...ISSUE, count: "always" }],
  ["a proxy's page", { kind: "garbage", ...ISSUE }],
  ["a late answer", { kind: "delay_after", milliseconds: 2600, ...ISSUE }],
  ["an answer about another customer", {
    kind: "wrong_answer",
    patch: { customerKey: "somebody-else" },
    ...ISSUE,
  }],
];

for (const [what, fault] of LOST) {
  test(`${what} at issue is made good by the same Idempotency-Key`, async (shop) => {
    const user = await signUp(shop);
    const { authKey, customerKey } = await registerInWindow(shop, user);
    const from = shop.simulator.requests().length;
    shop.simulator.addFault(fault);

    const first = await issue(shop, user, { authKey, customerKey });

    assert.equal(first.status, 202, JSON.stringify(first.body));
    assert.deepEqual(first.body, { status: "processing" });
    const [open] = await issueOperations(shop, user);
    assert.equal(open?.state, "unknown");
    assert.ok(open?.ciphertext, "the authKey waits, encrypted");
    shop.simulator.clearFaults();
    // Toss may still be busy with the first request, which it says with a 409.
    await eventually("the registration succeeds", async () => {
      await makeIssueDue(shop, user);
      const { status } = await issue(shop, user, { authKey, customerKey });
      return status === 201;
    });
    assert.equal(await methodCount(user), 1);
    assert.equal(new Set(issueKeys(shop, user, from)).size, 1);
    const [ended] = await issueOperations(shop, user);
    assert.deepEqual([ended?.state, ended?.ciphertext], ["succeeded", null]);
  });
}

test("the worker finishes a registration that nobody asks for again, and its plan is charged once", async (shop) => {
  const user = await signUp(shop);
  const planId = await addPlan(shop);
  const { authKey, customerKey } = await registerInWindow(shop, user);
  shop.simulator.addFault({
    kind: "lose_answer_after",
    ...ISSUE,
    count: "always",
  });
  await issue(shop, user, { authKey, customerKey, planId });
  shop.simulator.clearFaults();
  await makeIssueDue(shop, user);

  await work(shop, "operations");

  assert.equal(await methodCount(user), 1);
  const charges = await chargeRows(shop, user);
  assert.deepEqual(charges.map(({ status }) => status), ["paid"]);
  const { status, body } = await issue(shop, user, {
    authKey,
    customerKey,
    planId,
  });
  assert.equal(status, 201, JSON.stringify(body));
});

for (
  const [status, code] of [
    [503, "SOMETHING_NEW"],
    [500, "FAILED_DB_PROCESSING"],
    [500, "COMMON_ERROR"],
    [429, "TOO_MANY_REQUESTS"],
  ] as const
) {
  test(`${status} ${code} at issue concludes nothing; with a new key it succeeds`, async (shop) => {
    const user = await signUp(shop);
    const { authKey, customerKey } = await registerInWindow(shop, user);
    const from = shop.simulator.requests().length;
    shop.simulator.addFault({ kind: "status_before", code, status, ...ISSUE });

    const first = await issue(shop, user, { authKey, customerKey });

    assert.equal(first.status, 202);
    await makeIssueDue(shop, user);
    const second = await issue(shop, user, { authKey, customerKey });
    assert.equal(second.status, 201, JSON.stringify(second.body));
    // Toss would have replayed the error for the old one.
    assert.equal(new Set(issueKeys(shop, user, from)).size, 2);
  });
}

test("an error after Toss has issued the key ends in a clean refusal, and the user registers again", async (shop) => {
  const user = await signUp(shop);
  const { authKey, customerKey } = await registerInWindow(shop, user);
  shop.simulator.addFault({
    kind: "status_after",
    code: "FAILED_DB_PROCESSING",
    ...ISSUE,
  });
  assert.equal((await issue(shop, user, { authKey, customerKey })).status, 202);
  await makeIssueDue(shop, user);

  // The authKey is used up, and nobody can look the key up.
  const { status, body } = await issue(shop, user, { authKey, customerKey });

  assert.deepEqual([status, body.code], [402, "billing_issue_failed"]);
  assert.equal(body.action, "start_over");
  assert.equal(await methodCount(user), 0);
  const [ended] = await issueOperations(shop, user);
  assert.deepEqual([ended?.state, ended?.ciphertext], ["rejected", null]);
  const again = await registerInWindow(shop, user);
  const fresh = await issue(shop, user, {
    authKey: again.authKey,
    customerKey: again.customerKey,
  });
  assert.equal(fresh.status, 201);
});

test("our own key fault leaves the authKey usable", async (shop) => {
  const user = await signUp(shop);
  const { authKey, customerKey } = await registerInWindow(shop, user);
  shop.simulator.addFault({
    kind: "status_before",
    code: "UNAUTHORIZED_KEY",
    ...ISSUE,
  });
  const first = await issue(shop, user, { authKey, customerKey });
  assert.equal(first.body.code, "not_configured");

  const second = await issue(shop, user, { authKey, customerKey });

  assert.equal(second.status, 201, JSON.stringify(second.body));
});

test("a registration that nobody waits for any more is given up, uncharged, and its authKey wiped", async (shop) => {
  const user = await signUp(shop);
  const planId = await addPlan(shop);
  const { authKey, customerKey } = await registerInWindow(shop, user);
  shop.simulator.addFault({
    kind: "lose_answer_after",
    ...ISSUE,
    count: "always",
  });
  await issue(shop, user, { authKey, customerKey, planId });
  shop.simulator.clearFaults();
  await moveDatabaseClock(shop, 31 * 60);

  await work(shop, "operations");

  const [ended] = await issueOperations(shop, user);
  assert.deepEqual(
    [ended?.state, ended?.error_code, ended?.ciphertext],
    ["rejected", "BILLING_ISSUE_TIMEOUT", null],
  );
  assert.deepEqual(await chargeRows(shop, user), []);
  const { status, body } = await issue(shop, user, {
    authKey,
    customerKey,
    planId,
  });
  assert.deepEqual(
    [status, body.code, body.action, body.tossCode],
    [402, "billing_issue_failed", "start_over", undefined],
  );
});

test("a first charge without an answer is 202, and the worker makes the subscription", async (shop) => {
  const user = await signUp(shop);
  const planId = await addPlan(shop);
  const { authKey, customerKey } = await registerInWindow(shop, user);
  shop.simulator.addFault({
    kind: "lose_answer_after",
    method: "POST",
    pathPattern: "^/v1/billing/(?!authorizations)",
    count: "always",
  });

  const first = await issue(shop, user, { authKey, customerKey, planId });

  assert.equal(first.status, 202);
  assert.equal(first.body.status, "processing");
  const { data } = await user.client.from("billing_methods").select();
  assert.equal(first.body.billingMethodId, data?.[0]?.id);
  const before = await user.client.from("subscriptions").select();
  assert.deepEqual(before.data, [], "no access before the proof");
  shop.simulator.clearFaults();
  await makeChargesDue(shop, user);
  await work(shop, "operations");
  const [charge] = await chargeRows(shop, user);
  assert.deepEqual([charge?.status, charge?.attempt], ["paid", 1]);
  const after = await issue(shop, user, { authKey, customerKey, planId });
  assert.equal(after.status, 201, JSON.stringify(after.body));
});
