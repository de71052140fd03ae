import assert from "node:assert/strict";
import { payInWindow, placeOrder } from "../../support/buy.ts";
import { checkout, ONE_STICKER } from "../../support/buy.ts";
import { callFunction } from "../../support/call-function.ts";
import {
  mark,
  notificationsOf,
  openChannels,
  sendDue,
} from "../../support/notices.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { buyerHeaders, signUp } from "../../../stack/users.ts";
import { work } from "../../support/worker.ts";

const test = shopTests({ notices: true });

async function pay(
  shop: Shop,
  cart: Record<string, unknown>,
  accessToken?: string,
): Promise<string> {
  const purchase = payInWindow(shop, await placeOrder(shop, cart, accessToken));
  const answer = await callFunction(shop, "confirm", {
    body: purchase,
    headers: buyerHeaders(shop, accessToken),
  });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return purchase.orderId;
}

const places = (sent: { to: string }[]) => sent.map(({ to }) => to).sort();

test("the order's address comes first, else that of the account", async (shop) => {
  await openChannels(shop);
  const since = mark(shop);
  const user = await signUp(shop);
  const [account] = await shop.stack.sql<{ email: string }[]>`
    update auth.users set phone = '821098765432' where id = ${user.id} returning email`;
  await pay(shop, ONE_STICKER, user.accessToken);
  assert.deepEqual(places(await sendDue(shop, since)), [
    "01098765432",
    account?.email,
  ]);
  await pay(
    shop,
    { ...ONE_STICKER, customerEmail: "other@mail.test" },
    user.accessToken,
  );
  assert.deepEqual(places((await sendDue(shop, since)).slice(2)), [
    "01098765432",
    "other@mail.test",
  ]);
});

test("who cannot be reached leaves a row that says so", async (shop) => {
  await openChannels(shop);
  const since = mark(shop);
  const orderId = await pay(shop, {
    ...ONE_STICKER,
    customerMobilePhone: "0212345678",
  });
  assert.deepEqual(await sendDue(shop, since), []);
  assert.deepEqual(
    (await notificationsOf(shop, orderId)).map(({ channel, status, error }) =>
      `${channel} ${status} ${error}`
    ),
    ["email failed no_address", "message failed no_address"],
  );
});

test("an address on one channel is enough", async (shop) => {
  await openChannels(shop);
  const since = mark(shop);
  const orderId = await pay(shop, {
    ...ONE_STICKER,
    customerEmail: "buyer@mail.test",
  });
  await sendDue(shop, since);
  assert.deepEqual(
    (await notificationsOf(shop, orderId)).map(({ channel, status }) =>
      `${channel} ${status}`
    ),
    ["email sent"],
  );
});

test("checkout takes a mobile number as Toss does", async (shop) => {
  for (
    const customerMobilePhone of ["010-1234-5678", "1234567", "+821012345678"]
  ) {
    const { status, body } = await checkout(shop, {
      ...ONE_STICKER,
      customerMobilePhone,
    });
    assert.equal(status, 400, JSON.stringify(body));
    assert.match(JSON.stringify(body), /customerMobilePhone/);
  }
});

test("the shop's own function decides, and its failure holds up notices and nothing else", async (shop) => {
  const { sql } = shop.stack;
  await openChannels(shop);
  const since = mark(shop);
  try {
    await sql.unsafe(`
      create function public.test_notice_address(request jsonb) returns jsonb language plpgsql as $$
      begin
        if request ->> 'email' = 'raise@mail.test' then
          raise exception 'no address book today';
        end if;
        return jsonb_build_object('email', 'vip-' || (request ->> 'email'), 'language', 'en');
      end; $$`);
    await sql`select public.use_notice_address('public.test_notice_address')`;
    await pay(shop, {
      ...ONE_STICKER,
      customerEmail: "buyer@mail.test",
      customerMobilePhone: "01012345678",
    });
    const sent = await sendDue(shop, since);
    assert.deepEqual(places(sent), ["vip-buyer@mail.test"]);
    assert.match(sent[0]?.subject ?? "", /Your payment/);

    const orderId = await pay(shop, {
      ...ONE_STICKER,
      customerEmail: "raise@mail.test",
    });
    await work(shop, "outbox");
    assert.equal(mark(shop), since + 1);
    const [alert] = await sql<{ detail: string }[]>`
      select detail from public.alerts where alert = 'notice_address_failed'`;
    assert.match(alert?.detail ?? "", /no address book today/);
    await sql`select public.use_notice_address(null)`;
    await shop.stack.advanceClock({ minutes: 6 });
    await work(shop, "outbox");
    assert.deepEqual(
      (await notificationsOf(shop, orderId)).map(({ status }) => status),
      ["sent"],
    );
  } finally {
    await sql`select public.use_notice_address(null)`;
    await sql.unsafe(
      "drop function if exists public.test_notice_address(jsonb)",
    );
  }
});

test("the shop's function is checked when it is named", async (shop) => {
  await assert.rejects(
    shop.stack.sql`select public.use_notice_address('public.there_is_none')`,
    /there is no function/,
  );
});
