import { expectStep, grouped, type Scene, type Step } from "./scene.ts";
import type { Shop } from "./shop.ts";
import { openLife, type SubscriberLife } from "./subscriber-life.ts";

const PAID = "paid 1, declined 0, unknown 0";
const DECLINED = "paid 0, declined 1, unknown 0";
const NOTHING = "paid 0, declined 0, unknown 0";

async function begin(life: SubscriberLife): Promise<Step[]> {
  const registered = await life.register("pro");
  const trial = await life.plan();
  await life.charge();
  const asked = await life.consent();
  const given = await life.act("consent", { consentId: asked.id });
  return [
    expectStep(
      "month 1: a card, and the trial begins",
      `${registered.status} ${trial}`,
      "201 pro trialing",
    ),
    expectStep(
      "before it costs, consent is asked for",
      `${asked.kind}, ${asked.change}`,
      "trial_conversion, 0 to 9,900",
    ),
    expectStep(
      "the buyer agrees",
      `${given.status} ${(await life.consent()).decision}`,
      "200 given",
    ),
    expectStep(
      "the trial ends, the first charge",
      `${await life.nextPeriod()}, ${await life.plan()}`,
      `${PAID}, pro active`,
    ),
  ];
}

async function renew(life: SubscriberLife, months: string, count: number) {
  const results = new Set<string>();
  for (let month = 0; month < count; month++) {
    results.add(await life.nextPeriod());
  }
  return expectStep(
    `${months}: ${count} renewal${count === 1 ? "" : "s"}`,
    [...results].join("; "),
    PAID,
  );
}

/** No money on the day and the day after; on the third it works. */
async function recover(life: SubscriberLife): Promise<Step[]> {
  life.decline("REJECT_CARD_PAYMENT", 2);
  const first = `${await life.nextPeriod()}, ${await life.plan()}`;
  await life.pass(1);
  const second = await life.charge();
  await life.pass(2);
  const third = `${await life.charge()}, ${await life.plan()}`;
  return [
    expectStep(
      "month 5: the card has no limit left",
      first,
      `${DECLINED}, pro past_due`,
    ),
    expectStep("a day later, still none", second, DECLINED),
    expectStep("on the third day it works", third, `${PAID}, pro active`),
  ];
}

/** A lost card is not tried again; the bank account that follows it pays the debt at once. */
async function replaceCard(life: SubscriberLife): Promise<Step[]> {
  life.decline("INVALID_CARD_LOST_OR_STOLEN", 1);
  const lost = await life.nextPeriod();
  await life.pass(3);
  const left = await life.charge();
  const account = await life.registerAccount();
  return [
    expectStep("month 7: the card is reported lost", lost, DECLINED),
    expectStep("nobody tries it again", left, NOTHING),
    expectStep(
      "a bank account (TRANSFER) pays the debt",
      `${account.body.method}, ${await life.plan()}`,
      "TRANSFER, pro active",
    ),
  ];
}

/** The charge is made, its answer never arrives. */
async function loseAnswer(shop: Shop, life: SubscriberLife): Promise<Step[]> {
  shop.toss.addFault({
    kind: "lose_answer_after",
    pathPattern: "^/v1/billing/[^/]+$",
    count: 1,
  });
  const lost = await life.nextPeriod();
  await life.pass(1);
  const { body } = await shop.asCron("worker", { job: "operations" });
  return [
    expectStep(
      "month 8: the answer is lost",
      lost,
      "paid 0, declined 0, unknown 1",
    ),
    expectStep(
      "the worker asks Toss, charges nothing",
      `succeeded ${body.succeeded}, then ${await life.charge()}`,
      `succeeded 1, then ${NOTHING}`,
    ),
  ];
}

async function moveUp(shop: Shop, life: SubscriberLife): Promise<Step[]> {
  const renewed = await renew(life, "month 9", 1);
  await life.pass(15);
  const changed = await life.act("change_plan", { planId: "premium" });
  const [difference] = await shop.stack.sql`
    select amount from public.subscription_charges where kind = 'upgrade'`;
  const isPart = Number(difference?.amount) > 4_000 &&
    Number(difference?.amount) < 6_000;
  return [
    renewed,
    expectStep(
      "half a month in, a bigger plan",
      `${changed.status} ${await life.plan()}, ${
        isPart ? "half of" : grouped(difference?.amount)
      } the difference charged`,
      "200 premium active, half of the difference charged",
    ),
  ];
}

/** Refused, a raise leaves the price as it was, because this plan keeps it; agreed to, it is charged. */
async function raise(life: SubscriberLife): Promise<Step[]> {
  const answers = [];
  for (
    const [amount, action] of [
      [24_900, "decline_consent"],
      [21_900, "consent"],
    ] as const
  ) {
    await life.pass(5);
    await life.reprice("premium", amount);
    await life.charge();
    const asked = await life.consent();
    await life.act(action, { consentId: asked.id });
    const { decision } = await life.consent();
    const result = await life.nextPeriod();
    answers.push(`${asked.change}, ${decision}: ${await life.lastAmount()}`);
    if (result !== PAID) answers.push(result);
  }
  return [
    expectStep(
      "month 12: a higher price, refused",
      answers[0] ?? "",
      "19,900 to 24,900, refused: 19,900",
    ),
    expectStep(
      "month 13: a smaller one, agreed to",
      answers.slice(1).join(", "),
      "19,900 to 21,900, given: 21,900",
    ),
  ];
}

async function leave(shop: Shop, life: SubscriberLife): Promise<Step[]> {
  const request = { cancelReason: "고객 요청" };
  const part = await shop.asOperator("cancel", {
    ...request,
    orderId: await life.latestOrder(),
    cancelAmount: 5_000,
    requestId: "goodwill",
  });
  const still = await life.plan();
  const renewed = await renew(life, "month 14", 1);
  const whole = await shop.asOperator("cancel", {
    ...request,
    orderId: await life.latestOrder(),
    requestId: "goodbye",
  });
  await shop.settle();
  return [
    expectStep(
      "5,000 won back for a bad day",
      `${part.body.status}, ${still}`,
      "partially_refunded, premium active",
    ),
    renewed,
    expectStep(
      "the last month back: it ends",
      `${whole.body.status}, ${await life.plan()}`,
      "refunded, none",
    ),
  ];
}

/** Fourteen months of one subscriber, on the virtual clock. */
export const subscriber: Scene = {
  title: "Fourteen months of a subscriber 구독 14개월",
  async play(shop) {
    const life = await openLife(shop);
    const steps = [
      ...await begin(life),
      await renew(life, "months 2–4", 3),
      ...await recover(life),
      await renew(life, "month 6", 1),
      ...await replaceCard(life),
      ...await loseAnswer(shop, life),
      ...await moveUp(shop, life),
      await renew(life, "months 10–11", 2),
      ...await raise(life),
      ...await leave(shop, life),
    ];
    const [sum] = await shop.stack.sql`
      select count(*) filter (where status = 'paid')::int as paid,
        count(distinct period_start) filter (where status = 'paid')::int as periods
      from public.subscription_charges where kind <> 'upgrade'`;
    return [
      ...steps,
      expectStep(
        "periods, and charges paid for them",
        `${sum?.periods}, ${sum?.paid}`,
        "14, 14",
      ),
    ];
  },
};
