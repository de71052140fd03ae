import assert from "node:assert/strict";
import { runToss } from "../../stack/dev-fixture.ts";
import { assertBooksAgree } from "../../support/books.ts";
import { cancel } from "../../support/cancel.ts";
import { openChannels, providersOf } from "../../support/notices.ts";
import {
  buyNamed,
  columnsWithMarkers,
  fatesOf,
  leaveTraces,
  MARKER,
} from "../../support/personal-data.ts";
import { addEndpoint, startReceiver } from "../../support/receiver.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { cancelAtToss } from "../../support/toss-side.ts";
import {
  deliverWebhook,
  settleWebhooks,
  statusChanged,
} from "../../support/webhooks.ts";
import { work } from "../../support/worker.ts";

const test = shopTests({
  notices: true,
  webPort: 0,
  environment: { WEBHOOK_ALLOW_PRIVATE: "on", AD_HOC_CHARGES: "on" },
}, assertBooksAgree);

/** What cannot be read, holds digits of Toss's or nothing that a test could write. */
const WITHOUT_MARKERS = [
  // Encrypted, and gone when what needs it ends.
  "toss_private.operation_secrets.ciphertext",
  "toss_private.webhook_bodies.ciphertext",
  // As Toss masks them, and links to its pages.
  "public.payments.card_number_masked",
  "public.payments.receipt_url",
  "public.cash_receipts.receipt_url",
  "public.billing_methods.card_number_masked",
  "public.billing_methods.account_number_masked",
  "public.subscription_consents.method_number",
];

function toss({ stack }: Shop, command: "erase" | "export", ...args: string[]) {
  return runToss(command, {
    arguments: args,
    environment: {
      SUPABASE_URL: stack.apiUrl,
      SUPABASE_SECRET_KEY: stack.secretKey,
    },
  });
}

async function makeShopTalk({ stack }: Shop) {
  await stack.sql.unsafe(`
    create function public.test_hook(event jsonb) returns void language plpgsql as $$
    begin raise exception 'cannot wrap it for %', event -> 'metadata' ->> 'gift'; end; $$;
    create function public.test_address(request jsonb) returns jsonb language plpgsql as $$
    begin
      if request ->> 'notice' = 'refund' then
        raise exception 'nobody knows %', request ->> 'email';
      end if;
      return null;
    end; $$;`);
  await stack.sql`select public.use_order_hook('public.test_hook')`;
  await stack.sql`select public.use_notice_address('public.test_address')`;
}

async function makeShopSilent({ stack }: Shop) {
  await stack
    .sql`select public.use_order_hook(null), public.use_notice_address(null)`;
  await stack.sql.unsafe(
    "drop function if exists public.test_hook(jsonb), public.test_address(jsonb)",
  );
}

async function sumsOf({ stack }: Shop) {
  const [row] = await stack.sql`
    select (select sum(total_amount)::int from public.payments) as paid,
      (select sum(amount)::int from public.payment_cancels) as refunded,
      (select count(*)::int from public.payment_events) as lines,
      (select count(*)::int from public.webhook_events) as webhooks`;
  return { ...row };
}

test("whoever is erased stands nowhere any more, and money stays as it was", async (shop) => {
  const { sql } = shop.stack;
  const receiver = startReceiver(() => new Response(null, { status: 500 }));
  try {
    await openChannels(shop);
    // What waits to be sent keeps its address.
    for (const provider of ["resend", "solapi"] as const) {
      providersOf(shop).addFault({
        provider,
        kind: "bad_key",
        count: "always",
      });
    }
    await addEndpoint(shop, receiver.url);
    await makeShopTalk(shop);
    const { user, cardOrder, accountOrder, orderIds } = await leaveTraces(shop);
    await work(shop, "outbox");

    const fates = await fatesOf(sql);
    const found = await columnsWithMarkers(sql);
    assert.deepEqual(
      found.filter((place) => fates.get(place) !== "erased"),
      [],
      "holds personal data, and its comment does not say that it is erased",
    );
    assert.deepEqual(
      [...fates].filter(([place, fate]) =>
        fate === "erased" && !found.includes(place) &&
        !WITHOUT_MARKERS.includes(place)
      ).map(([place]) => place),
      [],
      "is said to hold personal data, and no path of this test wrote any",
    );

    const exported = await toss(shop, "export", user.id);
    assert.equal(exported.code, 0, exported.stderr);
    const data = JSON.parse(exported.stdout);
    assert.deepEqual(
      data.orders.map(({ id }: { id: string }) => id).sort(),
      orderIds,
    );
    for (
      const place of [
        "payments",
        "withdrawals",
        "webhook_events",
        "notifications",
        "subscriptions",
      ]
    ) {
      assert.ok(data[place].length > 0, place);
    }
    assert.ok(exported.stdout.includes(MARKER));
    assert.doesNotMatch(
      exported.stdout,
      /lease_token|idempotency_key|ciphertext|request_digest/,
    );

    // The bank has not said that the refund of the deposit arrived.
    const early = await toss(shop, "erase", user.id, "--yes");
    assert.equal(early.code, 1);
    assert.match(early.stderr, /^refund_under_way {2}/);
    assert.deepEqual(await columnsWithMarkers(sql), found);
    shop.simulator.endRefund(accountOrder.paymentKey, "COMPLETED");
    await deliverWebhook(shop, statusChanged(accountOrder));
    await settleWebhooks(shop);

    const before = await sumsOf(shop);
    const listed = await toss(shop, "erase", user.id);
    assert.equal(listed.code, 0, listed.stderr);
    assert.match(listed.stdout, /public\.orders\n/);
    assert.match(listed.stdout, /Nothing was erased: add --yes/);
    assert.deepEqual(await columnsWithMarkers(sql), found);

    const erased = await toss(shop, "erase", user.id, "--yes");
    assert.equal(erased.code, 0, erased.stderr);
    assert.match(erased.stdout, /^Erased: \d+ row/m);
    assert.deepEqual(await columnsWithMarkers(sql), []);
    const held = await sql`
      select place from toss_private.personal_data_of_orders where order_id = any (${orderIds})
      union all select place from toss_private.personal_data_of_users where user_id = ${user.id}`;
    assert.deepEqual([...held], []);
    const [left] = await sql<{ secrets: number; bodies: number }[]>`
      select (select count(*)::int from toss_private.operation_secrets) as secrets,
        (select count(*)::int from toss_private.webhook_bodies as b
          join public.webhook_events as e on e.id = b.webhook_event_id
          where b.ciphertext is not null and e.order_id = any (${orderIds})) as bodies`;
    assert.deepEqual({ ...left }, { secrets: 0, bodies: 0 });
    assert.deepEqual(
      [...await sql`select invariant, detail from public.invariant_violations()`],
      [],
    );
    const again = await toss(shop, "erase", user.id, "--yes");
    assert.equal(again.code, 0);
    assert.equal(again.stdout, "Nothing was left to erase.\n");

    // The cards go at Toss; nothing of money moved.
    await work(shop, "operations");
    const { lines: _, ...money } = await sumsOf(shop);
    const { lines: __, ...earlier } = before;
    assert.deepEqual(money, earlier);

    // Whatever is said of it later brings nothing back.
    await deliverWebhook(
      shop,
      statusChanged({
        paymentKey: accountOrder.paymentKey,
        orderId: accountOrder.orderId,
        status: "PARTIAL_CANCELED",
        metadata: { gift: MARKER },
      }),
    );
    await cancelAtToss(shop, cardOrder.paymentKey, 2_000);
    await settleWebhooks(shop);
    const refund = await cancel(shop, {
      orderId: cardOrder.orderId,
      cancelAmount: 3_000,
      cancelReason: `${MARKER} again`,
    });
    assert.equal(refund.status, 200, JSON.stringify(refund.body));
    await settleWebhooks(shop);
    await work(shop, "outbox");
    const [paid] = await sql<
      { balance: number; cancels: number; links: number }[]
    >`
      select p.balance_amount::int as balance, count(k.*)::int as cancels, count(p.receipt_url)::int as links
      from public.payments as p
      join public.payment_cancels as k on k.payment_key = p.payment_key
      where p.payment_key = ${cardOrder.paymentKey}
      group by p.payment_key`;
    assert.deepEqual({ ...paid }, { balance: 23_000, cancels: 3, links: 0 });
    assert.deepEqual(await columnsWithMarkers(sql), []);

    // The person is free to come back, and is a new one then.
    await buyNamed(shop, user.id);
    assert.ok((await columnsWithMarkers(sql)).length > 0);
    await makeShopSilent(shop);
    assert.equal((await toss(shop, "erase", user.id, "--yes")).code, 0);
    assert.deepEqual(await columnsWithMarkers(sql), []);
  } finally {
    await makeShopSilent(shop);
    await receiver.stop();
  }
});

test("a guest's order is erased by its id, and nobody else's with it", async (shop) => {
  const { sql } = shop.stack;
  const { orderId } = await buyNamed(shop, undefined);
  const other = await buyNamed(shop, undefined);
  const erased = await toss(shop, "erase", orderId, "--yes");
  assert.equal(erased.code, 0, erased.stderr);
  const rows = await sql<
    { id: string; customer_name: string | null; order_name: string }[]
  >`
    select id, customer_name, order_name from public.orders where id in (${orderId}, ${other.orderId})`;
  assert.deepEqual(
    rows.map((
      { id, customer_name, order_name },
    ) => [id === orderId, customer_name, order_name]).sort(),
    [[false, `${MARKER} Kim`, `For ${MARKER}`], [true, null, "[erased]"]],
  );
  const exported = await toss(shop, "export", orderId);
  assert.equal(exported.code, 0);
  assert.ok(!exported.stdout.includes(MARKER));
  const unknown = await toss(shop, "erase", "order_of_nobody", "--yes");
  assert.deepEqual([unknown.code, unknown.stderr.split("\n").length], [1, 2]);
});
