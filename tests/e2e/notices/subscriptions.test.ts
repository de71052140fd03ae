import assert from "node:assert/strict";
import { signUp } from "../../../stack/users.ts";
import { deleteUser } from "../../support/delete-user.ts";
import {
  addPlan,
  changed,
  charge,
  issue,
  registerInWindow,
  subscribe,
  type Subscriber,
} from "../../support/billing.ts";
import { daysAfter, justAfter } from "../../support/billing-rows.ts";
import {
  mark,
  notificationsOf,
  openChannels,
  sendDue,
} from "../../support/notices.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";

const test = shopTests({ notices: true });

/** One run for everybody, which announces charges too, so many days after the end of the subscriber's first period. */
function runForAll(shop: Shop, { subscription }: Subscriber, day: number) {
  const asOf = justAfter(daysAfter(subscription.currentPeriodEnd, day));
  return charge(shop, { asOf });
}

/** One run for the subscriber, so many days after the end of the first period. */
function runOnDay(shop: Shop, { subscription }: Subscriber, day: number) {
  const asOf = justAfter(daysAfter(subscription.currentPeriodEnd, day));
  return charge(shop, { subscriptionId: subscription.id, asOf });
}

async function decline(shop: Shop, { user }: Subscriber, code: string) {
  const [row] = await shop.stack.sql<{ customer_key: string }[]>`
    select customer_key from public.customers where user_id = ${user.id}`;
  shop.simulator.declineCharges({
    customerKey: row?.customer_key ?? "",
    code,
    count: "always",
  });
}

/** What a subscriber was sent since a mark. */
async function sentTo(shop: Shop, { user }: Subscriber, since: number) {
  const [account] = await shop.stack.sql<{ email: string }[]>`
    select email from auth.users where id = ${user.id}`;
  return (await sendDue(shop, since)).filter(({ to }) => to === account?.email);
}

/** The subjects of that, without the shop's name. */
async function subjects(
  shop: Shop,
  subscriber: Subscriber,
  since: number,
): Promise<string[]> {
  return (await sentTo(shop, subscriber, since)).map(({ subject }) =>
    (subject ?? "").replace("[우리 상점] ", "")
  );
}

test("a first period is receipted, its renewal announced, receipted, and its end told", async (shop) => {
  await openChannels(shop);
  const since = mark(shop);
  const planId = await addPlan(shop);
  const subscriber = await subscribe(shop, { planId });
  await runForAll(shop, subscriber, -3);
  await runOnDay(shop, subscriber, 0);
  await changed(shop, subscriber, "cancel_now");
  const sent = await sentTo(shop, subscriber, since);
  assert.deepEqual(
    sent.map(({ subject }) => (subject ?? "").replace("[우리 상점] ", "")),
    [
      "결제가 완료되었어요",
      "정기결제일이 다가와요",
      "결제가 완료되었어요",
      "구독이 종료되었어요",
    ],
  );
  const announced = sent[1]?.text ?? "";
  assert.match(announced, /요금제: 구독/);
  assert.match(announced, /결제 금액: 10,000원/);
  assert.match(announced, /결제 예정일: \d{4}년 \d+월 \d+일/);
  assert.match(announced, /결제 수단: .*\*/);
  assert.match(announced, /해지하실 수 있어요/);
  const rows = await notificationsOf(shop, subscriber.subscription.id);
  assert.ok(rows.some(({ notice }) => notice === "renewal_upcoming"));
});

test("each soft decline is told once, with the next try, and the last one as the end", async (shop) => {
  await openChannels(shop);
  const subscriber = await subscribe(shop);
  await decline(shop, subscriber, "REJECT_CARD_PAYMENT");
  await sendDue(shop, 0);
  const told: string[][] = [];
  let since = mark(shop);
  for (let day = 0; day <= 7; day++) {
    await runOnDay(shop, subscriber, day);
    told.push(await subjects(shop, subscriber, since));
    since = mark(shop);
  }
  const failed = ["정기결제가 되지 않았어요"];
  assert.deepEqual(
    told.filter((one) => one.length > 0),
    [failed, failed, failed, failed, ["구독이 종료되었어요"]],
  );
});

test("a lost card is told as one that is needed, and not as a failed charge too", async (shop) => {
  await openChannels(shop);
  const subscriber = await subscribe(shop);
  await sendDue(shop, 0);
  await decline(shop, subscriber, "INVALID_CARD_LOST_OR_STOLEN");
  const since = mark(shop);
  await runOnDay(shop, subscriber, 0);
  const sent = await sentTo(shop, subscriber, since);
  assert.deepEqual(sent.map(({ subject }) => subject), [
    "[우리 상점] 결제 수단을 다시 등록해 주세요",
  ]);
  assert.match(sent[0]?.text ?? "", /사유: .*요\./);
  assert.match(sent[0]?.text ?? "", /이용 가능 기한: /);
});

test("the end of a trial is announced as such", async (shop) => {
  await openChannels(shop);
  const planId = await addPlan(shop, { trialDays: 7 });
  const subscriber = await subscribe(shop, { planId });
  const since = mark(shop);
  await runForAll(shop, subscriber, -2);
  const sent = await sentTo(shop, subscriber, since);
  assert.deepEqual(sent.map(({ subject }) => subject), [
    "[우리 상점] 무료 체험이 곧 끝나요",
  ]);
});

test("a first charge that is declined on the page is not mailed", async (shop) => {
  await openChannels(shop);
  const user = await signUp(shop);
  const planId = await addPlan(shop);
  const since = mark(shop);
  const { authKey, customerKey } = await registerInWindow(shop, user, {
    planId,
  });
  shop.simulator.declineCharges({
    customerKey,
    code: "REJECT_CARD_PAYMENT",
    count: 1,
  });
  const answer = await issue(shop, user, { authKey, customerKey, planId });
  assert.equal(answer.status, 402, JSON.stringify(answer.body));
  assert.deepEqual(await sendDue(shop, since), []);
  assert.deepEqual(await notificationsOf(shop, user.id), []);
});

test("who deleted the account is told nothing", async (shop) => {
  await openChannels(shop);
  const subscriber = await subscribe(shop);
  await sendDue(shop, 0);
  const since = mark(shop);
  await deleteUser(shop, subscriber.user);
  await runOnDay(shop, subscriber, 0);
  assert.deepEqual(await sendDue(shop, since), []);
});

test("who reads English is told of a renewal in English", async (shop) => {
  await openChannels(shop);
  const subscriber = await subscribe(shop);
  await shop.stack.sql`
    update auth.users set raw_user_meta_data = '{"locale":"en"}' where id = ${subscriber.user.id}`;
  await sendDue(shop, 0);
  const since = mark(shop);
  await runForAll(shop, subscriber, -3);
  assert.deepEqual(await subjects(shop, subscriber, since), [
    "Your subscription renews soon",
  ]);
});
