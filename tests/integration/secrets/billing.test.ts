import assert from "node:assert/strict";
import { createKeyring } from "../../../supabase/functions/_shared/security/encryption.ts";
import {
  addPlan,
  callCharge,
  change,
  issue,
  registerInWindow,
} from "../../support/billing.ts";
import {
  daysAfter,
  makeChargesDue,
  makeIssueDue,
} from "../../support/billing-rows.ts";
import { type Answer, callFunction } from "../../support/call-function.ts";
import { spellingsOf, tablesWith } from "../../support/secret-scan.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { buyerHeaders, signUp } from "../../../stack/users.ts";
import { settleWebhooks } from "../../support/webhooks.ts";
import { work } from "../../support/worker.ts";

const logs: string[] = [];
const test = shopTests({ log: (line) => logs.push(line) });

const CARD_NUMBER = "9410001234567890";

/** Opens every stored billing key with the project's own keyring. */
async function storedKeys({ stack }: Shop): Promise<string[]> {
  const keyring = createKeyring(
    stack.projectVariables.BILLING_KEY_ENCRYPTION_KEYS ?? "",
  );
  const rows = await stack.sql<
    { billing_method_id: string; key_id: string; ciphertext: string }[]
  >`
    select billing_method_id, key_id, ciphertext from toss_private.billing_keys
    where ciphertext is not null`;
  return await Promise.all(rows.map((row) =>
    keyring.decrypt(
      { keyId: row.key_id, ciphertext: row.ciphertext },
      row.billing_method_id,
    )
  ));
}

/** Everything that can happen to a card: registered in every way, charged, declined, unheard of, changed, deleted. */
async function liveThroughAll(shop: Shop) {
  const { simulator } = shop;
  const answers: Answer[] = [];
  const authKeys: string[] = [];
  const user = await signUp(shop);
  const planId = await addPlan(shop, { interval: "day" });
  const register = async (plan: { planId?: string } = {}) => {
    const registration = await registerInWindow(shop, user, plan, {
      cardNumber: CARD_NUMBER,
    });
    authKeys.push(registration.authKey);
    return registration;
  };
  const post = async (plan: { planId?: string } = {}) => {
    const { authKey, customerKey } = await register(plan);
    const answer = await issue(shop, user, { authKey, customerKey, ...plan });
    answers.push(answer);
    return { answer, authKey, customerKey };
  };

  const { answer } = await post({ planId });
  const subscription = answer.body.subscription as {
    id: string;
    currentPeriodEnd: string;
  };
  const keys = await storedKeys(shop);
  const { redirectUrl } = await register();
  for (let time = 0; time < 2; time++) {
    answers.push(
      await callFunction(shop, "billing-issue", {
        method: "GET",
        path: redirectUrl.search,
      }),
    );
  }
  const forged = new URL(redirectUrl);
  forged.searchParams.set("state", "forged.state");
  answers.push(
    await callFunction(shop, "billing-issue", {
      method: "GET",
      path: forged.search,
    }),
  );
  // Refused bodies are logged too.
  const extra = { authKey: authKeys[0], billingKey: keys[0], customerKey: "x" };
  answers.push(await issue(shop, user, extra));
  answers.push(
    await callFunction(shop, "billing-issue", {
      headers: buyerHeaders(shop, user.accessToken),
      body: `{"authKey":"${authKeys[0]}"`,
    }),
  );

  const faults = [
    { kind: "garbage" },
    { kind: "lose_answer_after", count: 2 },
    { kind: "status_after", code: "FAILED_DB_PROCESSING" },
    { kind: "status_before", code: "REJECT_CARD_PAYMENT" },
    { kind: "status_before", code: "UNAUTHORIZED_KEY" },
  ] as const;
  for (const [day, fault] of faults.entries()) {
    simulator.addFault(fault);
    const { authKey, customerKey } = await post();
    simulator.clearFaults();
    await makeIssueDue(shop, user);
    answers.push(await issue(shop, user, { authKey, customerKey }));
    simulator.addFault(fault);
    const asOf = daysAfter(subscription.currentPeriodEnd, day + 0.5);
    answers.push(await callCharge(shop, { asOf }));
    simulator.clearFaults();
    await makeChargesDue(shop, user);
    answers.push(await callCharge(shop, { asOf }));
    await work(shop, "operations");
  }
  keys.push(...await storedKeys(shop));
  const { data } = await user.client.from("billing_methods").select();
  for (const { id } of data ?? []) {
    answers.push(
      await callFunction(shop, "billing-issue", {
        method: "DELETE",
        headers: buyerHeaders(shop, user.accessToken),
        body: { billingMethodId: id },
      }),
    );
  }
  const subscriber = { user, subscription } as Parameters<typeof change>[1];
  answers.push(await change(shop, subscriber, "retry_payment"));
  answers.push(await change(shop, subscriber, "cancel_now"));
  await settleWebhooks(shop);
  return { answers, authKeys, keys: [...new Set(keys)], planId };
}

test("no billing key, authKey or card number stands in clear in a table, a log line or an answer", async (shop) => {
  logs.length = 0;
  const { answers, authKeys, keys, planId } = await liveThroughAll(shop);

  assert.ok(keys.length >= 3, `${keys.length} keys`);
  assert.ok(authKeys.length >= 7);
  // The scan can find: what may be read, it reads.
  const seen = await tablesWith(shop, planId);
  assert.ok(seen.includes("public.subscription_charges"), seen.join());
  const text = [
    ...logs,
    ...answers.map(({ body, headers }) =>
      JSON.stringify([body, [...headers].join("\n")])
    ),
  ].join("\n");
  assert.ok(text.includes('"event":"toss_request"'));
  assert.ok(text.includes("issue_billing_key"));
  for (const secret of [...keys, ...authKeys, CARD_NUMBER]) {
    assert.ok(secret.length >= 16, "a secret worth the name");
    assert.deepEqual(await tablesWith(shop, secret), [], "in a table");
    for (const spelling of spellingsOf(secret)) {
      assert.ok(!text.includes(spelling), "in a log line or an answer");
    }
  }
});
