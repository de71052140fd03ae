import assert from "node:assert/strict";
import {
  createTossPayments,
  TossPaymentsError,
} from "../../../packages/client/src/index.ts";
import { signUp } from "../../../stack/users.ts";
import { shopTests } from "../../support/shop-test.ts";
import { TossPage } from "../../support/toss-page.ts";

const test = shopTests();

test("register() with a plan subscribes when it is completed, once however often the page is loaded", async (shop) => {
  const { client } = await signUp(shop);
  const tossPayments = createTossPayments(client, {
    successUrl: "https://shop.example/success",
  });
  const page = new TossPage();
  await page.run(() => tossPayments.subscribe("basic"));
  const { name, customerKey, options } = page.last;
  const { authKey } = shop.simulator.authorizeCard({ customerKey });
  const search = `?${new URLSearchParams({ authKey, customerKey })}`;

  const done = await page.run(() => tossPayments.complete(), search);
  const again = await page.run(() => tossPayments.complete(), search);

  assert.equal(name, "requestBillingAuth");
  assert.equal(options.method, "CARD");
  assert.ok(done?.kind === "registration");
  assert.equal(done.status, "active");
  assert.equal(done.planId, "basic");
  assert.deepEqual(again, done);
  const [subscription, ...more] = await tossPayments.subscriptions();
  assert.deepEqual(more, []);
  assert.equal(subscription?.id, done.subscriptionId);
  assert.equal(subscription?.plan?.id, "basic");
  assert.equal(subscription?.method?.id, done.billingMethodId);
  assert.equal(await tossPayments.hasAccess("basic"), true);
  assert.equal(await tossPayments.hasAccess("other"), false);

  const left = await tossPayments.subscription({
    subscriptionId: done.subscriptionId ?? "",
    action: "cancel_at_period_end",
  });
  assert.ok("id" in left);
  assert.equal(left.cancelAtPeriodEnd, true);
});

test("the fail page says what to do next, and a declined card subscribes at the next try", async (shop) => {
  const { client } = await signUp(shop);
  const tossPayments = createTossPayments(client);
  const page = new TossPage();
  await page.run(() => tossPayments.register({ planId: "basic" }));
  const { customerKey, options } = page.last;
  shop.simulator.declineCharges({
    customerKey,
    code: "REJECT_CARD_PAYMENT",
    count: 1,
  });
  const { authKey } = shop.simulator.authorizeCard({ customerKey });
  const back = new URL(String(options.successUrl));
  back.searchParams.set("authKey", authKey);
  back.searchParams.set("customerKey", customerKey);
  const answer = await fetch(back, { redirect: "manual" });
  await answer.body?.cancel();
  const { search } = new URL(answer.headers.get("location") ?? "");

  const error = tossPayments.failure(search);
  assert.ok(error?.code === "payment_confirm_failed");
  assert.match(error.userMessage, /[가-힣]/);
  assert.equal(error.action, "use_another_method");
  assert.equal(error.tossCode, "REJECT_CARD_PAYMENT");
  const { planId, billingMethodId } = error.details ?? {};
  assert.ok(planId && billingMethodId);
  const done = await tossPayments.subscribe(planId, { billingMethodId });

  assert.equal(done?.status, "active");
  assert.equal(done?.kind, "registration");
  await tossPayments.billingIssueDelete({ billingMethodId });
  assert.deepEqual(await tossPayments.paymentMethods(), []);
});

test("an account is registered as a card is, and the redirect tells", async (shop) => {
  const { client } = await signUp(shop);
  const tossPayments = createTossPayments(client);
  const page = new TossPage();
  await page.run(() => tossPayments.register({ method: "TRANSFER" }));
  const { customerKey, options } = page.last;
  assert.equal(options.method, "TRANSFER");
  const { authKey } = shop.simulator.authorizeAccount({
    customerKey,
    bank: "신한",
  });
  const back = new URL(String(options.successUrl));
  back.searchParams.set("authKey", authKey);
  back.searchParams.set("customerKey", customerKey);
  const answer = await fetch(back, { redirect: "manual" });
  await answer.body?.cancel();
  const { search } = new URL(answer.headers.get("location") ?? "");

  const done = await page.run(() => tossPayments.complete(), search);

  assert.ok(done?.kind === "registration");
  assert.equal(done.status, "issued");
  const [method] = await tossPayments.paymentMethods();
  assert.equal(method?.id, done.billingMethodId);
  assert.equal(method?.method, "TRANSFER");
});

test("already_subscribed names the subscription that lives", async (shop) => {
  const { client } = await signUp(shop);
  const tossPayments = createTossPayments(client);
  const { customerKey } = await tossPayments.billingIssuePrepare();
  const { authKey } = shop.simulator.authorizeCard({ customerKey });
  const registered = await tossPayments.billingIssue({
    authKey,
    customerKey,
    planId: "basic",
  });
  assert.ok(!("status" in registered));

  const error = await tossPayments.register({ planId: "basic" }).then(
    () => null,
    (error: unknown) => error,
  );

  assert.ok(error instanceof TossPaymentsError);
  assert.ok(error.code === "already_subscribed");
  assert.equal(error.details?.subscriptionId, registered.subscription?.id);
});
