import assert from "node:assert/strict";
import { buyerHeaders, signUp } from "../../../stack/users.ts";
import {
  addPlan,
  change,
  changed,
  charge,
  subscribe,
  type Subscriber,
} from "../../support/billing.ts";
import { justAfter } from "../../support/billing-rows.ts";
import { callFunction } from "../../support/call-function.ts";
import { consentOf, consentRows } from "../../support/consents.ts";
import { mark, openChannels, sendDue } from "../../support/notices.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";

const test = shopTests({ notices: true });

/** Somebody in a trial of ten days, who has been asked. */
async function asked(shop: Shop): Promise<Subscriber> {
  const planId = await addPlan(shop, { consent: "required", trialDays: 10 });
  const subscriber = await subscribe(shop, { planId });
  await charge(shop, {});
  return subscriber;
}

const chargeAtEnd = (shop: Shop, { subscription }: Subscriber) =>
  charge(shop, { asOf: justAfter(subscription.currentPeriodEnd) });

async function statusOf({ stack }: Shop, { subscription }: Subscriber) {
  const [row] = await stack.sql`
    select status, end_reason from public.subscriptions where id = ${subscription.id}`;
  return { ...row };
}

/** The token in the link of the newest mail to somebody that asks for consent. */
async function tokenFor(
  shop: Shop,
  { user }: Subscriber,
  since: number,
): Promise<string> {
  const [account] = await shop.stack.sql<{ email: string }[]>`
    select email from auth.users where id = ${user.id}`;
  const mail = (await sendDue(shop, since)).findLast(({ to, subject }) =>
    to === account?.email && subject?.includes("동의해 주세요")
  );
  const [, token = ""] = /\/consent\?token=([\w.-]+)/.exec(
    JSON.stringify(mail),
  ) ?? [];
  assert.notEqual(token, "", JSON.stringify(mail));
  return token;
}

const show = (shop: Shop, token: string) =>
  callFunction(shop, "subscription", {
    method: "GET",
    path: `/consent?token=${encodeURIComponent(token)}`,
  });

const answer = (shop: Shop, token: string, action: string) =>
  callFunction(shop, "subscription", {
    path: "/consent",
    body: { token, action },
  });

test("a subscriber who consents pays once after the trial and is told; one who does not is not charged", async (shop) => {
  await openChannels(shop);
  const since = mark(shop);
  const yes = await asked(shop);
  const no = await asked(shop);
  const silent = await asked(shop);
  const { id: consentId } = await consentOf(
    shop.stack.sql,
    yes.subscription.id,
  );
  await changed(shop, yes, "consent", { consentId });
  await changed(shop, no, "decline_consent", {
    consentId: (await consentOf(shop.stack.sql, no.subscription.id)).id,
  });
  // The last word counts.
  await changed(shop, yes, "decline_consent", { consentId });
  await changed(shop, yes, "consent", { consentId });

  const run = await chargeAtEnd(shop, silent);
  assert.deepEqual([run.claimed, run.paid], [1, 1]);
  assert.deepEqual(await statusOf(shop, yes), {
    status: "active",
    end_reason: null,
  });
  assert.deepEqual(await statusOf(shop, no), {
    status: "canceled",
    end_reason: "consent_refused",
  });
  assert.deepEqual(await statusOf(shop, silent), {
    status: "canceled",
    end_reason: "consent_missing",
  });
  assert.equal(
    (await change(shop, yes, "decline_consent", { consentId })).status,
    409,
  );
  const [account] = await shop.stack.sql<{ email: string }[]>`
    select email from auth.users where id = ${yes.user.id}`;
  const subjects = (await sendDue(shop, since))
    .filter(({ to }) => to === account?.email)
    .map(({ subject }) => subject?.replace("[우리 상점] ", ""));
  assert.deepEqual(subjects, [
    "무료 체험 후 결제에 동의해 주세요",
    "결제가 완료되었어요",
    "유료 구독이 시작되었어요",
  ]);
  const [notice] = await shop.stack.sql`
    select status from public.notifications
    where subscription_id = ${silent.subscription.id} and notice = 'consent_asked'`;
  assert.equal(notice?.status, "sent");
});

test("the link of the mail shows without changing anything, decides once, and opens nothing else", async (shop) => {
  await openChannels(shop);
  const since = mark(shop);
  const subscriber = await asked(shop);
  const other = await asked(shop);
  const { sql } = shop.stack;
  const token = await tokenFor(shop, subscriber, since);
  for (let look = 0; look < 3; look++) {
    const { status, body } = await show(shop, token);
    assert.equal(status, 200);
    assert.deepEqual(
      [body.isOpen, body.amountBefore, body.amountAfter, body.decision],
      [true, 0, 10_000, null],
    );
    assert.ok(JSON.stringify(body.text).includes("I do not agree"));
  }
  assert.equal(
    (await consentOf(sql, subscriber.subscription.id)).decision,
    null,
  );

  const otherToken = await tokenFor(shop, other, since);
  const [id = "", signature = ""] = token.split(".");
  const [otherId = ""] = otherToken.split(".");
  for (const forged of [`${otherId}.${signature}`, id, `${token}x`, "x.y"]) {
    assert.equal((await show(shop, forged)).body.code, "consent_not_open");
    const refused = await answer(shop, forged, "consent");
    assert.deepEqual([refused.status, refused.body.code], [
      409,
      "consent_not_open",
    ]);
  }
  assert.equal((await consentOf(sql, other.subscription.id)).decision, null);

  const decided = await answer(shop, token, "decline_consent");
  assert.deepEqual([decided.status, decided.body.decision], [200, "refused"]);
  assert.equal((await answer(shop, token, "consent")).status, 409);
  assert.equal((await show(shop, token)).body.isOpen, false);
  const row = await consentOf(sql, subscriber.subscription.id);
  assert.deepEqual([row.decision, row.source], ["refused", "link"]);

  // Its date has come.
  await chargeAtEnd(shop, other);
  assert.equal((await answer(shop, otherToken, "consent")).status, 409);
  assert.equal((await statusOf(shop, other)).end_reason, "consent_missing");
});

test("another user, a guest and a strange id change nothing", async (shop) => {
  const subscriber = await asked(shop);
  const { sql } = shop.stack;
  const { id: consentId } = await consentOf(sql, subscriber.subscription.id);
  const stranger = await signUp(shop);
  const body = {
    subscriptionId: subscriber.subscription.id,
    action: "consent",
    consentId,
  };
  const asStranger = await callFunction(shop, "subscription", {
    body,
    headers: buyerHeaders(shop, stranger.accessToken),
  });
  assert.deepEqual(
    [asStranger.status, asStranger.body.code],
    [404, "subscription_not_found"],
  );
  const asGuest = await callFunction(shop, "subscription", {
    body,
    headers: { apikey: shop.stack.publishableKey },
  });
  assert.equal(asGuest.status, 401);
  const strange = await change(shop, subscriber, "consent", {
    consentId: crypto.randomUUID(),
  });
  assert.equal(strange.body.code, "consent_not_open");
  assert.equal((await change(shop, subscriber, "consent")).status, 400);
  assert.equal(
    (await consentOf(sql, subscriber.subscription.id)).decision,
    null,
  );
});

test("another plan during the trial asks again, and the consent of before charges nothing", async (shop) => {
  const subscriber = await asked(shop);
  const { sql } = shop.stack;
  const { id: consentId } = await consentOf(sql, subscriber.subscription.id);
  await changed(shop, subscriber, "consent", { consentId });
  const planId = await addPlan(shop, { consent: "required", price: 20_000 });
  await changed(shop, subscriber, "change_plan", { planId });
  await charge(shop, {});
  const rows = await consentRows(sql, subscriber.subscription.id);
  assert.deepEqual(
    rows.map(({ amount_after, decision }) => [amount_after, decision]),
    [[10_000, "given"], [20_000, null]],
  );
  const run = await chargeAtEnd(shop, subscriber);
  assert.equal(run.claimed, 0);
  assert.equal((await statusOf(shop, subscriber)).status, "canceled");
});
