import assert from "node:assert/strict";
import type { StackOptions } from "../../../stack/stack.ts";
import { buyerHeaders } from "../../../stack/users.ts";
import { payInWindow, placeOrder } from "../../support/buy.ts";
import { callFunction } from "../../support/call-function.ts";
import { cancel } from "../../support/cancel.ts";
import { eventually } from "../../support/eventually.ts";
import {
  mark,
  notificationsOf,
  openChannels,
  providersOf,
  sendDue,
} from "../../support/notices.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { callWorker, work } from "../../support/worker.ts";

/** Where the next call of a SQL function is cut: before it has its effect, or after. */
let cut: { name: string; moment: "before" | "after" } | null = null;
let wasCut = false;

const lines: string[] = [];

const options: StackOptions = {
  notices: true,
  log: (line) => void lines.push(line),
  async intercept(request, forward) {
    const here = cut;
    if (here === null || !request.url.endsWith(`/rpc/${here.name}`)) {
      return await forward();
    }
    cut = null;
    if (here.moment === "after") await (await forward()).body?.cancel();
    await kill?.();
    wasCut = true;
    // Nobody is left to read it.
    return new Response(null, { status: 503 });
  },
};
let kill: (() => Promise<void>) | undefined;

const test = shopTests(options);

const EMAIL = { customerEmail: "buyer@mail.test" };
const PHONE = { customerMobilePhone: "01012345678" };

async function placeAndPay(shop: Shop, buyer: Record<string, unknown>) {
  const items = [{ productId: "sticker", quantity: 1 }];
  return payInWindow(shop, await placeOrder(shop, { items, ...buyer }));
}

async function pay(shop: Shop, buyer: Record<string, unknown>) {
  const purchase = await placeAndPay(shop, buyer);
  const answer = await callFunction(shop, "confirm", {
    body: purchase,
    headers: buyerHeaders(shop),
  });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return purchase;
}

/** Confirms through a process that may be killed meanwhile, because the cause wakes the job before it is answered. */
async function confirmAnyway(
  shop: Shop,
  purchase: Awaited<ReturnType<typeof placeAndPay>>,
): Promise<void> {
  await eventually("the payment was confirmed", async () => {
    const answer = await fetch(`${shop.stack.functionsUrl}/confirm`, {
      method: "POST",
      headers: { ...buyerHeaders(shop), "content-type": "application/json" },
      body: JSON.stringify(purchase),
    });
    await answer.body?.cancel();
    return answer.status === 200;
  });
}

/** The wake-up of a cause has run, so that the test is alone with the job. */
async function quiet({ stack }: Shop): Promise<void> {
  await stack.functionsSettled();
}

for (const name of ["plan_notices", "claim_notices", "finish_notices"]) {
  for (const moment of ["before", "after"] as const) {
    for (
      const [channel, buyer] of Object.entries({ email: EMAIL, message: PHONE })
    ) {
      test(`killed ${moment} ${name}, a notice by ${channel} is sent once`, async (shop) => {
        await openChannels(shop);
        const since = mark(shop);
        const purchase = await placeAndPay(shop, buyer);
        const { orderId } = purchase;
        await quiet(shop);
        kill = () => shop.stack.killFunctions();
        wasCut = false;
        cut = { name, moment };
        await confirmAnyway(shop, purchase);
        await callWorker(shop, { job: "outbox" }).catch(() => null);
        await eventually("the job was cut", () => wasCut);
        await shop.stack.advanceClock({ minutes: 3 });
        const sent = await sendDue(shop, since);
        assert.equal(sent.length, 1);
        assert.deepEqual(
          (await notificationsOf(shop, orderId)).map(({ status }) => status),
          ["sent"],
        );
      });
    }
  }
}

for (const provider of ["resend", "solapi"] as const) {
  for (const kind of ["lose_before", "lose_after"] as const) {
    test(`${provider} that does not answer (${kind}) is asked again, and sends once`, async (shop) => {
      await openChannels(shop);
      const since = mark(shop);
      providersOf(shop).addFault({ provider, kind });
      const { orderId } = await pay(
        shop,
        provider === "resend" ? EMAIL : PHONE,
      );
      await eventually("an attempt failed", async () => {
        await work(shop, "outbox");
        const [row] = await notificationsOf(shop, orderId);
        return row?.error === "outage: no_answer";
      });
      await shop.stack.advanceClock({ minutes: 2 });
      assert.equal((await sendDue(shop, since)).length, 1);
    });
  }
}

test("providers that are down for three days hold up no payment; notices come late, in order, and required ones are alerted", async (shop) => {
  await openChannels(shop);
  const since = mark(shop);
  const providers = providersOf(shop);
  for (const provider of ["resend", "solapi"] as const) {
    providers.addFault({ provider, kind: "outage", count: "always" });
  }
  const paid: string[] = [];
  let asked = 0;
  for (let day = 0; day < 3; day++) {
    for (let hour = 0; hour < 24; hour += 8) {
      const { orderId, paymentKey } = await pay(shop, { ...EMAIL, ...PHONE });
      paid.push(orderId);
      const refund = await cancel(shop, { paymentKey });
      assert.equal(refund.status, 200, JSON.stringify(refund.body));
      const account = await callFunction(shop, "virtual-account", {
        body: {
          orderId: (await placeOrder(shop, {
            items: [{ productId: "sticker", quantity: 1 }],
            ...EMAIL,
          })).orderId,
          bank: "국민",
          customerName: "김토스",
        },
        headers: buyerHeaders(shop),
      });
      assert.equal(account.status, 201, JSON.stringify(account.body));
      const before = providers.requests().length;
      await work(shop, "outbox");
      await quiet(shop);
      asked = Math.max(asked, providers.requests().length - before);
      await shop.stack.advanceClock({ hours: 8 });
    }
  }
  assert.ok(asked <= 8, `${asked} requests while a provider is down`);
  assert.equal(mark(shop), since);
  const alerts = await shop.stack.sql<{ alert: string; level: string }[]>`
    select distinct alert, level from public.alerts where alert like 'notice%' order by alert`;
  assert.deepEqual(alerts.map(({ alert, level }) => `${alert} ${level}`), [
    "notice_channel_failing warning",
    "notice_late critical",
  ]);
  const [late] = await shop.stack.sql<{ count: number }[]>`
    select count(*)::integer as count from public.alerts where alert = 'notice_late'`;
  assert.equal(late?.count, 9, "one for each account that nobody was told of");

  providers.clearFaults();
  await shop.stack.advanceClock({ minutes: 11 });
  const sent = await sendDue(shop, since);
  for (const orderId of paid) {
    for (const provider of ["resend", "solapi"]) {
      const told = sent.filter((entry) =>
        entry.provider === provider && entry.text.includes(orderId)
      ).map(({ subject }) => subject?.replace("[우리 상점] ", ""));
      assert.deepEqual(told, ["결제가 완료되었어요", "환불이 처리되었어요"]);
    }
  }
  const left = await shop.stack.sql`
    select alert from public.alerts where alert like 'notice%'`;
  assert.deepEqual([...left], []);
});

test("an address that a provider refuses fails there, is not tried again, and holds up nobody", async (shop) => {
  await openChannels(shop);
  const since = mark(shop);
  providersOf(shop).addFault({ provider: "resend", kind: "bad_address" });
  const { orderId } = await pay(shop, { ...EMAIL, ...PHONE });
  await sendDue(shop, since);
  assert.deepEqual(
    (await notificationsOf(shop, orderId)).map((row) =>
      `${row.channel} ${row.status} ${row.error} ${row.attempts}`
    ),
    ["email failed bad_address: validation_error 1", "message sent null 1"],
  );
  await pay(shop, EMAIL);
  assert.equal((await sendDue(shop, since)).length, 2);
});

test("a required notice that fails on every channel is alerted", async (shop) => {
  await openChannels(shop);
  const since = mark(shop);
  providersOf(shop).addFault({ provider: "resend", kind: "bad_address" });
  const { orderId } = await placeOrder(shop, {
    items: [{ productId: "sticker", quantity: 1 }],
    ...EMAIL,
  });
  const issued = await callFunction(shop, "virtual-account", {
    body: { orderId, bank: "국민", customerName: "김토스" },
    headers: buyerHeaders(shop),
  });
  assert.equal(issued.status, 201);
  await sendDue(shop, since);
  const [row] = await notificationsOf(shop, orderId);
  const [alert] = await shop.stack.sql<{ level: string; detail: string }[]>`
    select level, detail from public.alerts where alert = 'notice_not_sent' and subject = ${
    row?.id ?? ""
  }`;
  assert.deepEqual(alert, {
    level: "critical",
    detail:
      "virtual_account could not be sent on any channel: email bad_address: validation_error",
  });
  await shop.stack
    .sql`update public.notifications set created_at = created_at - interval '15 days' where id = ${
    row?.id ?? ""
  }`;
});

test("a wrong key is an alert, and everything goes out once it is right", async (shop) => {
  await openChannels(shop);
  const since = mark(shop);
  providersOf(shop).addFault({
    provider: "resend",
    kind: "bad_key",
    count: "always",
  });
  await pay(shop, EMAIL);
  await work(shop, "outbox");
  await quiet(shop);
  await shop.stack.advanceClock({ minutes: 16 });
  const [alert] = await shop.stack.sql<{ level: string; detail: string }[]>`
    select level, detail from public.alerts where alert = 'notice_channel_failing'`;
  assert.equal(alert?.level, "critical");
  assert.match(alert?.detail ?? "", /configuration: invalid_api_key/);
  providersOf(shop).clearFaults();
  assert.equal((await sendDue(shop, since)).length, 1);
});

test("a provider that asks for a second gets it, and the rest of the run is sent", async (shop) => {
  await openChannels(shop);
  const since = mark(shop);
  await shop.stack.sql`
    update toss_private.notice_channels set next_attempt_at = toss_private.clock_now() + interval '1 minute'`;
  for (let i = 0; i < 3; i++) await pay(shop, EMAIL);
  await quiet(shop);
  providersOf(shop).addFault({ provider: "resend", kind: "rate_limit" });
  await shop.stack.advanceClock({ minutes: 2 });
  assert.equal((await sendDue(shop, since)).length, 3);
});

test("two runs at once send each notice once", async (shop) => {
  await openChannels(shop);
  const since = mark(shop);
  for (let i = 0; i < 6; i++) await pay(shop, { ...EMAIL, ...PHONE });
  await Promise.all([1, 2, 3].map(() => work(shop, "outbox")));
  const sent = await sendDue(shop, since);
  assert.equal(sent.length, 12);
  assert.equal(new Set(sent.map(({ reference }) => reference)).size, 12);
});

test("a notice that is seven days old is given up", async (shop) => {
  await openChannels(shop);
  const since = mark(shop);
  providersOf(shop).addFault({
    provider: "resend",
    kind: "outage",
    count: "always",
  });
  const { orderId } = await pay(shop, EMAIL);
  await work(shop, "outbox");
  await quiet(shop);
  await shop.stack.advanceClock({ days: 7, minutes: 1 });
  providersOf(shop).clearFaults();
  assert.deepEqual(await sendDue(shop, since), []);
  const [row] = await notificationsOf(shop, orderId);
  assert.equal(
    `${row?.status} ${row?.error}`,
    "failed too_late, outage: internal_server_error",
  );
});

test("no log line and no row but the one that is removed holds an address", async (shop) => {
  await openChannels(shop);
  const since = mark(shop);
  lines.length = 0;
  for (const provider of ["resend", "solapi"] as const) {
    providersOf(shop).addFault({ provider, kind: "bad_address" });
  }
  for (let i = 0; i < 2; i++) await pay(shop, { ...EMAIL, ...PHONE });
  await sendDue(shop, since);
  assert.ok(lines.some((line) => line.includes('"job_finished"')));
  assert.doesNotMatch(lines.join("\n"), /buyer@|1012345678/);
  const rows = await shop.stack.sql`
    select 1 from public.notifications as n where to_jsonb(n)::text ~ 'buyer@|01012345678'`;
  assert.equal(rows.length, 0);
});
