import assert from "node:assert/strict";
import { Webhook } from "standardwebhooks";
import { buy, ONE_STICKER } from "../../support/buy.ts";
import { addEndpoint, manage, startReceiver } from "../../support/receiver.ts";
import { shopTests } from "../../support/shop-test.ts";
import { advance, callWorker, work } from "../../support/worker.ts";

const test = shopTests({ environment: { WEBHOOK_ALLOW_PRIVATE: "on" } });

test("a purchase is told in order, signed so that the official library verifies it", async (shop) => {
  const receiver = startReceiver();
  try {
    const { id, secret } = await addEndpoint(shop, receiver.url);
    const { orderId, paymentKey } = await buy(shop, ONE_STICKER);
    for (let round = 0; round < 2; round++) await work(shop, "outbox");

    assert.deepEqual(receiver.types(), ["payment.confirmed", "order.paid"]);
    for (const { headers, body, id } of receiver.received) {
      const event = new Webhook(secret).verify(body, headers) as {
        type: string;
        timestamp: string;
        data: Record<string, unknown>;
      };
      assert.deepEqual(Object.keys(event), ["type", "timestamp", "data"]);
      assert.equal(event.data.version, 1);
      assert.equal(event.data.orderId, orderId);
      assert.equal(event.data.paymentKey, paymentKey);
      assert.ok(!Number.isNaN(Date.parse(event.timestamp)));
      const rows = await shop.stack.sql`
        select d.status, d.attempts, d.response_status from public.webhook_deliveries as d
        where d.event_id = ${id}`;
      assert.deepEqual([...rows], [
        { status: "delivered", attempts: 1, response_status: 204 },
      ]);
    }
    assert.throws(() =>
      new Webhook("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").verify(
        receiver.received[0]?.body ?? "",
        receiver.received[0]?.headers ?? {},
      )
    );
    assert.equal((await manage(shop, { action: "disable", id })).status, 200);
  } finally {
    await receiver.stop();
  }
});

test("while a secret changes both verify, a day later only the new one", async (shop) => {
  const receiver = startReceiver();
  try {
    const { id, secret: old } = await addEndpoint(shop, receiver.url);
    const rotated = await manage(shop, { action: "rotate", id });
    assert.equal(rotated.status, 200);
    const secret = String(rotated.body.secret);
    assert.notEqual(secret, old);

    assert.equal((await manage(shop, { action: "test", id })).status, 200);
    await work(shop, "outbox");
    await shop.stack.functionsSettled();
    const [during] = receiver.received;
    assert.ok(during);
    assert.equal(during.type, "webhook.test");
    new Webhook(old).verify(during.body, during.headers);
    new Webhook(secret).verify(during.body, during.headers);

    await advance(shop, 24 * 60 * 60 + 1);
    await manage(shop, { action: "test", id });
    await work(shop, "outbox");
    await shop.stack.functionsSettled();
    const after = receiver.received[1];
    assert.ok(after);
    new Webhook(secret).verify(after.body, after.headers);
    assert.throws(() => new Webhook(old).verify(after.body, after.headers));
    await manage(shop, { action: "disable", id });
  } finally {
    await receiver.stop();
  }
});

test("an endpoint gets the types it names, and the test event", async (shop) => {
  const receiver = startReceiver();
  try {
    const { id } = await addEndpoint(shop, receiver.url, {
      eventTypes: ["order.paid"],
      description: "the warehouse",
    });
    await buy(shop, ONE_STICKER);
    await manage(shop, { action: "test", id });
    await work(shop, "outbox");
    await shop.stack.functionsSettled();
    assert.deepEqual(receiver.types().sort(), ["order.paid", "webhook.test"]);
    await manage(shop, { action: "disable", id });
  } finally {
    await receiver.stop();
  }
});

test("a disabled endpoint gets nothing; what waited comes when it is enabled", async (shop) => {
  let status = 500;
  const receiver = startReceiver(() => new Response(null, { status }));
  try {
    const { id } = await addEndpoint(shop, receiver.url, {
      eventTypes: ["order.paid"],
    });
    const waiting = await buy(shop, ONE_STICKER);
    await work(shop, "outbox");
    await manage(shop, { action: "disable", id });
    status = 200;
    const missed = await buy(shop, ONE_STICKER);
    await advance(shop, 3600);
    await work(shop, "outbox");
    assert.equal(receiver.received.length, 0);
    assert.equal((await manage(shop, { action: "test", id })).status, 400);

    const { body } = await manage(shop, { action: "enable", id });
    assert.equal(body.status, "active");
    await work(shop, "outbox");
    await shop.stack.functionsSettled();
    assert.deepEqual(receiver.received.map(({ data }) => data.orderId), [
      waiting.orderId,
    ]);
    const [row] = await shop.stack.sql<{ answer: { deliveries: number } }[]>`
      select public.replay_webhook_deliveries(jsonb_build_object('endpointId', ${id}::text, 'from', '2020-01-01')) as answer`;
    assert.ok((row?.answer.deliveries ?? 0) >= 1);
    await work(shop, "outbox");
    assert.ok(
      receiver.received.some(({ data }) => data.orderId === missed.orderId),
    );
    await manage(shop, { action: "disable", id });
  } finally {
    await receiver.stop();
  }
});

test("a receiver that fails is tried by the schedule, then the event is given up; after five days the endpoint is disabled", async (shop) => {
  const { sql } = shop.stack;
  const receiver = startReceiver(() => new Response(null, { status: 500 }));
  try {
    const { id } = await addEndpoint(shop, receiver.url, {
      eventTypes: ["order.paid"],
    });
    await buy(shop, ONE_STICKER);
    const pauses: number[] = [];
    let asOf = await shop.stack.now();
    for (let attempt = 1; attempt <= 10; attempt++) {
      const { status, body } = await callWorker(shop, {
        job: "outbox",
        asOf: asOf.toISOString(),
      });
      assert.equal(status, 200, JSON.stringify(body));
      const [row] = await sql<
        { status: string; attempts: number; pause: number | null }[]
      >`
        select status, attempts, extract(epoch from next_attempt_at - ${asOf.toISOString()}::timestamptz)::float8 as pause
        from public.webhook_deliveries where endpoint_id = ${id}`;
      assert.equal(row?.attempts, attempt);
      assert.equal(row.status, attempt === 10 ? "failed" : "pending");
      if (row.pause === null) break;
      pauses.push(row.pause);
      asOf = new Date(asOf.getTime() + Math.ceil(row.pause) * 1000);
    }
    const schedule = [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400];
    assert.equal(pauses.length, schedule.length);
    for (const [index, wanted] of schedule.entries()) {
      const pause = pauses[index] ?? 0;
      // The first attempt may have been that of the run that the purchase woke.
      const late = index === 0 ? 2 : 0;
      assert.ok(
        pause > wanted * 0.89 && pause <= wanted + late,
        `${index}: ${pause}`,
      );
    }
    const later = new Date(asOf.getTime() + 3 * 24 * 3600_000);
    await callWorker(shop, { job: "outbox", asOf: later.toISOString() });
    const [endpoint] = await sql`
      select status, disabled_reason from public.webhook_endpoints where id = ${id}`;
    assert.deepEqual({ ...endpoint }, {
      status: "disabled",
      disabled_reason: "failed_for_five_days",
    });
    const alerts = await sql`
      select level from public.alerts where alert = 'endpoint_disabled' and subject = ${id}`;
    assert.deepEqual([...alerts], [{ level: "critical" }]);
    await manage(shop, { action: "disable", id });
    assert.equal(
      (await sql`select 1 from public.alerts where alert = 'endpoint_disabled'`)
        .length,
      0,
    );
  } finally {
    await receiver.stop();
  }
});

test("what an endpoint may not be is refused by name, and only the shop manages them", async (shop) => {
  const refuse = async (body: Record<string, unknown>, field: string) => {
    const answer = await manage(shop, body);
    assert.equal(answer.status, 400, JSON.stringify(answer.body));
    assert.equal(answer.body.code, "invalid_request");
    assert.match(JSON.stringify(answer.body.details), new RegExp(field));
  };
  const url = "https://receiver.example/events";
  await refuse(
    { action: "create", url, eventTypes: ["order.eaten"] },
    "eventTypes",
  );
  await refuse({ action: "create", url, eventTypes: [] }, "eventTypes");
  await refuse({ action: "create", url, extra: 1 }, "extra");
  await refuse({ action: "create" }, "url");
  await refuse({ action: "rotate" }, "id");
  await refuse({ action: "delete", id: crypto.randomUUID() }, "action");
  const unknown = await manage(shop, {
    action: "test",
    id: crypto.randomUUID(),
  });
  assert.equal(unknown.status, 404);
  assert.equal(unknown.body.code, "endpoint_not_found");
});

test("one failure before days without a run disables nobody", async (shop) => {
  const { sql } = shop.stack;
  let status = 500;
  const receiver = startReceiver(() => new Response(null, { status }));
  try {
    const { id } = await addEndpoint(shop, receiver.url, {
      eventTypes: ["order.paid"],
    });
    await buy(shop, ONE_STICKER);
    await work(shop, "outbox");
    status = 204;
    await advance(shop, 17 * 24 * 3600);
    await work(shop, "outbox");
    const [endpoint] = await sql`
      select status, failing_since from public.webhook_endpoints where id = ${id}`;
    assert.deepEqual({ ...endpoint }, {
      status: "active",
      failing_since: null,
    });
    assert.equal(receiver.received.length, 1);
    await manage(shop, { action: "disable", id });
  } finally {
    await receiver.stop();
  }
});

test("signatures carry the real time, whatever time a run acts as of", async (shop) => {
  let status = 503;
  const receiver = startReceiver(() => new Response(null, { status }));
  try {
    const { id, secret } = await addEndpoint(shop, receiver.url, {
      eventTypes: ["order.paid"],
    });
    await buy(shop, ONE_STICKER);
    await work(shop, "outbox");
    status = 200;
    const asOf = new Date(Date.now() + 30 * 24 * 3600_000).toISOString();
    await callWorker(shop, { job: "outbox", asOf });
    const [told] = receiver.received;
    assert.ok(told);
    new Webhook(secret).verify(told.body, told.headers);
    const at = Number(told.headers["webhook-timestamp"]) * 1000;
    assert.ok(Math.abs(at - Date.now()) < 60_000, `${at}`);
    await manage(shop, { action: "disable", id });
  } finally {
    await receiver.stop();
  }
});

test("an address that is not public is refused at creation, in every spelling", async (shop) => {
  // Private networks are allowed in this file; what is never a receiver's is not.
  for (
    const url of [
      "https://169.254.169.254/latest/meta-data/",
      "https://0xa9fea9fe/",
      "https://2852039166/",
      "https://[::ffff:169.254.169.254]/",
      "https://[fe80::1]/",
      "https://[64:ff9b::a9fe:a9fe]/",
      "http://0.0.0.0/",
      "ftp://receiver.example/",
      "https://user:password@receiver.example/",
      "no address",
    ]
  ) {
    const { status, body } = await manage(shop, { action: "create", url });
    assert.equal(status, 422, url);
    assert.equal(body.code, "url_not_allowed");
    assert.match(JSON.stringify(body.details), /"field":"url"/);
  }
});
