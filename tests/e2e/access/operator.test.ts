import assert from "node:assert/strict";
import { signUp } from "../../../stack/users.ts";
import { assertBooksAgree } from "../../support/books.ts";
import { subscribe } from "../../support/billing.ts";
import { buy, ONE_STICKER } from "../../support/buy.ts";
import { callFunction } from "../../support/call-function.ts";
import { addEndpoint, startReceiver } from "../../support/receiver.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import {
  deliverWebhook,
  settleWebhooks,
  statusChanged,
} from "../../support/webhooks.ts";

const test = shopTests(
  { environment: { WEBHOOK_ALLOW_PRIVATE: "on" } },
  assertBooksAgree,
);

function ask(shop: Shop, body: Record<string, unknown>) {
  return callFunction(shop, "operator", {
    body,
    headers: { apikey: shop.stack.secretKey },
  });
}

async function found(shop: Shop, text: string): Promise<string[]> {
  const { status, body } = await ask(shop, { action: "search", text });
  assert.equal(status, 200, JSON.stringify(body));
  return (body.results as { kind: string; id: string }[])
    .map(({ kind, id }) => `${kind} ${id}`);
}

test("search finds an order by everything a person may have of it", async (shop) => {
  const { orderId, paymentKey } = await buy(shop, {
    ...ONE_STICKER,
    customerEmail: "Min.Ji@example.com",
  });
  await shop.stack.sql`
    update public.orders set reference = 'shop-17', request_digest = repeat('0', 64) where id = ${orderId}`;
  const other = await buy(shop);

  for (
    const text of [
      orderId,
      paymentKey,
      "shop-17",
      "min.ji@EXAMPLE.com",
      `  ${orderId} `,
    ]
  ) assert.deepEqual(await found(shop, text), [`order ${orderId}`], text);
  assert.deepEqual(await found(shop, other.orderId), [
    `order ${other.orderId}`,
  ]);
  for (const text of ["min.ji", "%", "shop-1", crypto.randomUUID()]) {
    assert.deepEqual(await found(shop, text), [], text);
  }
});

test("search finds what a user bought by the account's address, and a subscription by its id", async (shop) => {
  const user = await signUp(shop);
  const { data } = await user.client.auth.getUser();
  const { orderId } = await buy(shop, ONE_STICKER, user.accessToken);
  await subscribe(shop, { planId: "basic", user });
  const [subscription] = await shop.stack.sql<{ id: string }[]>`
    select id from public.subscriptions where user_id = ${user.id}`;
  assert.ok(subscription);

  const mine = await found(shop, `${data.user?.email?.toUpperCase()}`);
  assert.ok(mine.includes(`order ${orderId}`));
  assert.ok(mine.includes(`subscription ${subscription.id}`));
  assert.deepEqual(
    (await found(shop, user.id)).toSorted(),
    mine.toSorted(),
  );
  assert.deepEqual(await found(shop, subscription.id), [
    `subscription ${subscription.id}`,
  ]);
});

test("replay_event works a webhook off again that was given up", async (shop) => {
  const { paymentKey, orderId } = await buy(shop);
  await deliverWebhook(
    shop,
    statusChanged({ paymentKey, orderId, status: "DONE" }),
    { transmissionId: crypto.randomUUID() },
  );
  await settleWebhooks(shop);
  const [event] = await shop.stack.sql<{ id: string }[]>`
    update public.webhook_events set status = 'dead', processed_at = null, last_error = 'UNKNOWN_ANSWER'
    where id = (select id from public.webhook_events order by created_at desc limit 1) returning id`;
  assert.ok(event);
  const eventId = event.id;

  const { status, body } = await ask(shop, { action: "replay_event", eventId });
  assert.deepEqual([status, body], [200, { replayed: 1 }]);
  await settleWebhooks(shop);
  const [after] = await shop.stack.sql`
    select status from public.webhook_events where id = ${eventId}`;
  assert.equal(after?.status, "processed");

  const unknown = await ask(shop, {
    action: "replay_event",
    eventId: crypto.randomUUID(),
  });
  assert.deepEqual(unknown.body, { replayed: 0 });
});

test("replay_delivery sends an event again that its endpoint did not take", async (shop) => {
  const receiver = startReceiver();
  try {
    const { id: endpointId } = await addEndpoint(shop, receiver.url);
    await buy(shop);
    await shop.stack.runCronJob("tosspayments-outbox");
    await settleWebhooks(shop);
    const [delivery] = await shop.stack.sql<{ event_id: string }[]>`
      update public.webhook_deliveries
      set status = 'failed', next_attempt_at = null, attempts = 10, response_status = 500, finished_at = now()
      where id = (select id from public.webhook_deliveries where endpoint_id = ${endpointId} limit 1)
      returning event_id`;
    assert.ok(delivery);
    const eventId = delivery.event_id;
    receiver.received.length = 0;

    const { status, body } = await ask(shop, {
      action: "replay_delivery",
      eventId,
      endpointId,
    });
    assert.deepEqual([status, body], [200, { replayed: 1 }]);
    await settleWebhooks(shop);
    const again = receiver.received.filter(({ id }) => id === eventId);
    assert.equal(again.length, 1);
  } finally {
    await receiver.stop();
  }
});

test("settle_difference closes it once, with a line in the audit log", async (shop) => {
  const [open] = await shop.stack.sql<{ id: string }[]>`
    with run as (
      insert into public.reconciliation_runs (from_date, to_date, status, started_at, finished_at)
      values ('2026-01-01', '2026-01-01', 'finished', now(), now()) returning id
    ), opened as (
      insert into public.reconciliation_differences (run_id, kind, payment_key, is_cancel, reason, created_at)
      select id, 'missing_here', 'pay-of-nobody', false, 'the order is not known here', now() from run returning *
    )
    select o.id, toss_private.announce_difference(o) from opened as o`;
  assert.ok(open);
  const differenceId = open.id;
  for (let turn = 0; turn < 2; turn++) {
    const { status, body } = await ask(shop, {
      action: "settle_difference",
      differenceId,
    });
    assert.deepEqual([status, body], [200, {
      differenceId,
      resolution: "by_hand",
    }]);
  }
  const lines = await shop.stack.sql`
    select payment_key, detail ->> 'kind' as kind, request_id is not null as is_traced from public.payment_events
    where event = 'difference_settled' and detail ->> 'differenceId' = ${differenceId}`;
  assert.deepEqual([...lines], [
    { payment_key: "pay-of-nobody", kind: "missing_here", is_traced: true },
  ]);
  const alerts = await shop.stack.sql`
    select 1 from public.alerts where alert = 'reconciliation_difference'`;
  assert.equal(alerts.length, 0);

  const unknown = await ask(shop, {
    action: "settle_difference",
    differenceId: crypto.randomUUID(),
  });
  assert.deepEqual([unknown.status, unknown.body.code], [
    404,
    "difference_not_found",
  ]);
});

test("operator names what it does not understand", async (shop) => {
  const refused: [Record<string, unknown>, string][] = [
    [{ action: "search", text: "" }, "text"],
    [{ action: "search", text: "a", limit: 5 }, "limit"],
    [{ action: "replay_event", eventId: "1" }, "eventId"],
    [
      { action: "replay_delivery", eventId: crypto.randomUUID() },
      "endpointId",
    ],
    [{ action: "settle_difference" }, "differenceId"],
    [{ action: "drop" }, "action"],
  ];
  for (const [request, field] of refused) {
    const { status, body } = await ask(shop, request);
    assert.deepEqual([status, body.code], [400, "invalid_request"]);
    assert.ok(JSON.stringify(body.details).includes(`"${field}"`), field);
  }
});
