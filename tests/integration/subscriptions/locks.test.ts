import assert from "node:assert/strict";
import postgres, { type Sql } from "postgres";
import { callSql } from "../../support/answers.ts";
import { assertInvariantsHold } from "../../support/books.ts";
import { shopTests } from "../../support/shop-test.ts";
import {
  addMethod,
  addSubscriber,
  type ChargeItem,
  claim,
  decline,
  DUNNING,
  leasing,
  outboxTypes,
  pay,
  refundAll,
  type Subscriber,
} from "../../support/subscriber.ts";
import { propertyRuns } from "../../support/property-runs.ts";

const test = shopTests({}, assertInvariantsHold);
const SESSIONS = 8;
const STEPS = propertyRuns(25);
const START = "2027-01-31T10:00:00+09:00";

/** What has been claimed by anybody; others act on it as late answers and webhooks do. */
const items: ChargeItem[] = [];

type Step = (
  sql: Sql,
  who: Subscriber,
  item: ChargeItem | undefined,
  at: string,
) => Promise<unknown>;

const ACTIONS = [
  "cancel_at_period_end",
  "resume",
  "retry_payment",
  "change_method",
];

const claimSome: Step = async (sql, _who, _item, at) => {
  const { charges } = await claim(sql, at, { limit: 3, leaseSeconds: 0 });
  items.push(...charges);
};

const payOne: Step = async (sql, _who, item) =>
  item && await pay(sql, item).catch(notPaid);

/** Everything that takes the locks of a charge, each from another end; what keeps subscriptions alive more often. */
const STEPS_OF: Step[] = [
  claimSome,
  claimSome,
  claimSome,
  payOne,
  payOne,
  payOne,
  async (sql, _who, item) => item && await decline(sql, item, "soft"),
  async (sql, _who, item) => item && await decline(sql, item, "hard"),
  async (sql, _who, item) => item && await refundAll(sql, item).catch(notPaid),
  async (sql, _who, item) =>
    item && await callSql(sql, "postpone_operation", {
      operationId: item.operationId,
      leaseToken: item.leaseToken,
      errorCode: "NETWORK_ERROR",
      errorMessage: "",
      keyIsSpent: false,
      retryAfterSeconds: 0,
      source: "billing",
      requestId: "test",
    }),
  async (sql, who, _item, at) => {
    const action = ACTIONS[Math.floor(Math.random() * ACTIONS.length)];
    await callSql(sql, "change_subscription", {
      subscriptionId: who.subscriptionId,
      action,
      billingMethodId: await addMethod(sql, who.userId),
      asOf: at,
      ...leasing(0),
    });
  },
  async (sql, who, item, at) => {
    // Promises refunds of payments that others refund and settle at this moment; seldom, because it ends them.
    if (Math.random() < 0.8) return;
    await callSql(sql, "change_subscription", {
      subscriptionId: item?.subscriptionId ?? who.subscriptionId,
      action: "cancel_now",
      refund: "prorated",
      asOf: at,
      ...leasing(0),
    });
  },
  (sql, _who, _item, at) =>
    callSql(sql, "advance_subscriptions", {
      limit: 5,
      asOf: at,
      dunning: DUNNING,
    }),
  (sql, who) =>
    callSql(sql, "begin_billing_delete", {
      billingMethodId: who.methodId,
      ...leasing(0),
    }),
];

/** An answer that is older than what is known changes nothing, which pay() does not expect. */
function notPaid(error: unknown): void {
  if (!(error instanceof assert.AssertionError)) throw error;
}

test("eight sessions that do everything to the same subscriptions never deadlock, and the books hold", async (shop) => {
  const { sql } = shop.stack;
  const subscribers: Subscriber[] = [];
  for (let index = 0; index < 30; index++) {
    subscribers.push(
      await addSubscriber(sql, START, { interval: "week", catchUp: "all" }),
    );
  }
  let steps = 0;
  const session = async () => {
    const own = postgres(shop.stack.dbUrl, { max: 1, onnotice: () => {} });
    try {
      for (let step = 0; step < STEPS; step++) {
        const pick = <Item>(list: Item[]) =>
          list[Math.floor(Math.random() * list.length)];
        const act = pick(STEPS_OF);
        const who = pick(subscribers);
        assert.ok(act && who);
        const day = new Date(
          Date.parse("2027-02-07T01:00:00Z") + step * 8.64e7,
        );
        await act(own, who, pick(items.slice(-12)), day.toISOString());
        steps++;
      }
    } finally {
      await own.end();
    }
  };

  await Promise.all(Array.from({ length: SESSIONS }, session));

  assert.equal(steps, SESSIONS * STEPS);
  const events = await Promise.all(
    subscribers.map(({ subscriptionId }) => outboxTypes(sql, subscriptionId)),
  );
  assert.ok(events.flat().length > STEPS / 5, "something happened");
  // What is paid twice by a late answer is named until it is given back; nothing else may be wrong.
  for (const item of items) await refundAll(sql, item).catch(notPaid);
});
