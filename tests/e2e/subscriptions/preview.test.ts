import assert from "node:assert/strict";
import { z } from "zod";
import { subscriptionPreview } from "../../../supabase/functions/_shared/database/change-subscription.ts";
import {
  addPlan,
  change,
  changed,
  registerCard,
  subscribe,
} from "../../support/billing.ts";
import { chargeRows, subscriptionRow } from "../../support/billing-rows.ts";
import { callFunction } from "../../support/call-function.ts";
import { shopTests } from "../../support/shop-test.ts";
import { buyerHeaders, signUp } from "../../../stack/users.ts";

const test = shopTests();

const preview = subscriptionPreview.extend({ preview: z.literal(true) });

test("an upgrade is shown with what it charges; nothing is charged before it is asked for", async (shop) => {
  const subscriber = await subscribe(shop);
  const { user, subscription } = subscriber;
  const planId = await addPlan(shop, { price: 30_000 });
  const booksBefore = shop.simulator.books().length;
  const rowBefore = await subscriptionRow(shop, subscription.id);

  const answer = await change(shop, subscriber, "change_plan", {
    planId,
    preview: true,
  });

  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  const shown = preview.parse(answer.body);
  assert.deepEqual(
    [shown.preview, shown.subscription.planId, shown.nextCharge?.amount],
    [true, planId, 30_000],
  );
  assert.equal(shop.simulator.books().length, booksBefore);
  assert.deepEqual(await subscriptionRow(shop, subscription.id), rowBefore);

  await changed(shop, subscriber, "change_plan", { planId });
  const upgrade = (await chargeRows(shop, user)).at(-1);
  // Counted to the second, and seconds have gone by.
  const difference = Math.abs(
    Number(upgrade?.amount) - Number(shown.charge?.amount),
  );
  assert.ok(difference <= 1, `${shown.charge?.amount}, ${upgrade?.amount}`);
});

test("the end of a subscription is shown beforehand, with what it gives back", async (shop) => {
  const subscriber = await subscribe(shop);
  const { subscription } = subscriber;

  const notice = await change(shop, subscriber, "cancel_at_period_end", {
    preview: true,
  });
  const shown = preview.parse(notice.body);
  assert.deepEqual([shown.refunds, shown.nextCharge], [[], null]);
  assert.equal(
    Date.parse(shown.accessEndsAt ?? ""),
    Date.parse(subscription.currentPeriodEnd),
  );

  const refund = await callFunction(shop, "subscription", {
    headers: { apikey: shop.stack.secretKey },
    body: {
      subscriptionId: subscription.id,
      action: "cancel_now",
      refund: "prorated",
      preview: true,
    },
  });
  const { refunds, subscription: ended } = preview.parse(refund.body);
  assert.equal(ended.status, "canceled");
  // A moment of the month is gone.
  const [back] = refunds;
  assert.ok(back && back.amount >= 9_990 && back.amount < 10_000);
  assert.equal((await subscriptionRow(shop, subscription.id)).status, "active");
});

test("a plan is shown before it begins with a registered card", async (shop) => {
  const user = await signUp(shop);
  const { billingMethodId } = await registerCard(shop, user);
  const planId = await addPlan(shop, { price: 12_000 });

  const answer = await callFunction(shop, "subscription", {
    headers: buyerHeaders(shop, user.accessToken),
    body: { action: "subscribe", planId, billingMethodId, preview: true },
  });

  const shown = preview.parse(answer.body);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  assert.deepEqual(
    [shown.subscription.id, shown.subscription.status, shown.charge?.amount],
    [null, "active", 12_000],
  );
  assert.deepEqual(await chargeRows(shop, user), []);
});

test("a preview refuses as the change would, whoever asks", async (shop) => {
  const subscriber = await subscribe(shop);
  const stranger = await signUp(shop);
  const answers = [
    await change(shop, { ...subscriber, user: stranger }, "cancel_now", {
      preview: true,
    }),
    await change(shop, subscriber, "resume", { preview: true }),
    await change(shop, subscriber, "change_plan", {
      planId: "none",
      preview: true,
    }),
    await change(shop, subscriber, "cancel_now", {
      refund: "prorated",
      preview: true,
    }),
    await change(shop, subscriber, "resume", { preview: "yes" }),
    await callFunction(shop, "subscription", {
      headers: { apikey: shop.stack.publishableKey },
      body: {
        subscriptionId: subscriber.subscription.id,
        action: "cancel_now",
        preview: true,
      },
    }),
  ];
  assert.deepEqual(
    answers.map(({ status, body }) => [
      status,
      body.code,
    ]),
    [
      [404, "subscription_not_found"],
      [400, "invalid_request"],
      [404, "plan_not_found"],
      [403, "forbidden"],
      [400, "invalid_request"],
      [401, "unauthorized"],
    ],
  );
});
