import assert from "node:assert/strict";
import { signUp, type User } from "../../stack/users.ts";
import type { Sql } from "postgres";
import { addPlan, callCharge, registerCard } from "./billing.ts";
import { confirm, payInWindow } from "./buy.ts";
import { callFunction } from "./call-function.ts";
import { cancel } from "./cancel.ts";
import { paidByBank, requestReceipt } from "./cash-receipts.ts";
import { issuedBy, payIn, requestAccount } from "./issue-account.ts";
import type { Shop } from "./shop.ts";
import { deliverWebhook, settleWebhooks, statusChanged } from "./webhooks.ts";
import { decide, requested } from "./withdrawals.ts";

/** Stands in everything that a test writes about a buyer. */
export const MARKER = "Mrkr";
/** The same where only digits are taken. */
export const PHONE = "01055527755";

/** The columns in which something of the buyer stands, as `<schema>.<table>.<column>`; the accounts are the shop's. */
export async function columnsWithMarkers(sql: Sql): Promise<string[]> {
  const columns = await sql<
    { place: string; schema: string; name: string; column: string }[]
  >`
    select format('%s.%s.%s', n.nspname, c.relname, a.attname) as place, n.nspname as schema, c.relname as name,
      a.attname as column
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema', 'auth')
      and n.nspname not like 'pg\\_%'`;
  const found: string[] = [];
  for (const { place, schema, name, column } of columns) {
    const [row] = await sql`
      select 1 from ${sql(schema)}.${sql(name)}
      where ${sql(column)}::text like ${`%${MARKER}%`} or ${
      sql(column)
    }::text like ${`%${PHONE}%`}
      limit 1`;
    if (row !== undefined) found.push(place);
  }
  return found.sort();
}

/** What a column's comment says is done to it. */
export async function fatesOf(sql: Sql): Promise<Map<string, string>> {
  const rows = await sql<{ place: string; fate: string }[]>`
    select format('%s.%s.%s', n.nspname, c.relname, a.attname) as place,
      substring(d.description from 'Personal: [^;.]+; (\\w+)\\.$') as fate
    from pg_description as d
    join pg_class as c on c.oid = d.objoid and d.classoid = 'pg_class'::regclass
    join pg_namespace as n on n.oid = c.relnamespace
    join pg_attribute as a on a.attrelid = c.oid and a.attnum = d.objsubid
    where d.description ~ 'Personal: '`;
  return new Map(rows.map(({ place, fate }) => [place, fate]));
}

/** The buyer's data as `checkout` takes it. */
export const BUYER = {
  customerEmail: `${MARKER}@mail.test`,
  customerName: `${MARKER} Kim`,
  customerMobilePhone: PHONE,
  metadata: { gift: `${MARKER}, with love`, locale: "ko" },
};

/** An order whose lines the shop's server names; paid by card. */
export async function buyNamed(
  shop: Shop,
  userId: string | undefined,
): Promise<{ orderId: string; paymentKey: string }> {
  const { status, body } = await callFunction(shop, "checkout", {
    body: {
      lines: [{ name: `Ring for ${MARKER}`, unitPrice: 30_000, quantity: 1 }],
      adjustments: [{ kind: "coupon", name: `${MARKER}'s`, amount: -1_000 }],
      orderName: `For ${MARKER}`,
      ...userId === undefined ? {} : { userId },
      ...BUYER,
    },
    headers: { apikey: shop.stack.secretKey },
  });
  assert.equal(status, 201, JSON.stringify(body));
  const purchase = payInWindow(
    shop,
    {
      orderId: String(body.orderId),
      amount: Number(body.amount),
      orderName: String(body.orderName),
      clientKey: String(body.clientKey),
    } as Parameters<typeof payInWindow>[1],
  );
  const answer = await confirm(shop, purchase);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  await settleWebhooks(shop);
  return purchase;
}

async function refunded(shop: Shop, body: Record<string, unknown>) {
  const answer = await cancel(shop, {
    cancelReason: `${MARKER} moved abroad`,
    ...body,
  });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  await settleWebhooks(shop);
}

/** What a buyer has left behind who used everything. */
export interface Traces {
  user: User;
  /** By card, one part refunded. */
  cardOrder: { orderId: string; paymentKey: string };
  /** By virtual account, one part refunded. */
  accountOrder: { orderId: string; paymentKey: string };
  /** All of them. */
  orderIds: string[];
}

/** A user buys in every way, and everything that is written about it has the marker in it. */
export async function leaveTraces(shop: Shop): Promise<Traces> {
  const { sql } = shop.stack;
  const user = await signUp(shop);
  const token = user.accessToken;

  const cardOrder = await buyNamed(shop, user.id);
  await refunded(shop, { orderId: cardOrder.orderId, cancelAmount: 1_000 });

  const carted = await callFunction(shop, "checkout", {
    body: { items: [{ productId: "sticker", quantity: 20 }], ...BUYER },
    headers: {
      apikey: shop.stack.publishableKey,
      authorization: `Bearer ${token}`,
    },
  });
  const account = issuedBy(
    await requestAccount(shop, {
      orderId: String(carted.body.orderId),
      customerName: `${MARKER} Lee`,
      customerEmail: BUYER.customerEmail,
      customerMobilePhone: PHONE,
      cashReceipt: { type: "소득공제", registrationNumber: PHONE },
    }, token),
  );
  await payIn(shop, account.paymentKey);
  await refunded(shop, {
    orderId: account.orderId,
    cancelAmount: 5_000,
    refundReceiveAccount: {
      bank: "신한",
      accountNumber: "110413789012",
      holderName: `${MARKER} Lee`,
    },
  });
  await deliverWebhook(
    shop,
    statusChanged({
      paymentKey: account.paymentKey,
      orderId: account.orderId,
      status: "DONE",
      customerEmail: BUYER.customerEmail,
      metadata: BUYER.metadata,
    }),
  );
  await settleWebhooks(shop);

  const bank = await paidByBank(shop, { accessToken: token });
  const receipt = await requestReceipt(
    shop,
    { orderId: bank.orderId, customerIdentityNumber: PHONE },
    token,
  );
  assert.ok([201, 202, 409].includes(receipt.status), JSON.stringify(receipt));
  const refusedId = await requested(shop, bank.orderId, token);
  await sql`update public.withdrawals set reason = ${`${MARKER} is sorry`} where id = ${refusedId}`;
  const refusal = await decide(shop, {
    withdrawalId: refusedId,
    action: "refuse",
    reason: `No, ${MARKER}`,
  });
  assert.equal(refusal.status, 200, JSON.stringify(refusal.body));

  const planId = await addPlan(shop);
  const { subscription, billingMethodId } = await registerCard(shop, user, {
    planId,
  });
  assert.ok(subscription);
  const charged = await callCharge(shop, {
    userId: user.id,
    amount: 2_000,
    orderName: `Extra for ${MARKER}`,
    requestId: `extra-${user.id}`,
  });
  assert.equal(charged.status, 200, JSON.stringify(charged.body));
  const left = await callFunction(shop, "subscription", {
    body: { subscriptionId: subscription.id, action: "cancel_now" },
    headers: { apikey: shop.stack.secretKey },
  });
  assert.equal(left.status, 200, JSON.stringify(left.body));
  assert.ok(billingMethodId);

  // What only another system's own words bring.
  await sql`update public.payments set failure_message = ${`${MARKER} has no money`} where payment_key = ${bank.paymentKey}`;
  await sql`update public.operations set error_message = ${`${MARKER} is unknown`} where order_id = ${bank.orderId}`;
  await sql`update public.operations set error_message = ${`${MARKER} is unknown`} where kind = 'billing_issue'`;
  await sql`update public.subscription_charges set failure_message = ${`${MARKER} has no money`}`;
  await sql`update public.webhook_events set last_error = ${`no ${MARKER}`} where order_id = ${account.orderId}`;

  const orders = await sql<{ id: string }[]>`
    select id from public.orders where user_id = ${user.id} order by id`;
  return {
    user,
    cardOrder,
    accountOrder: account,
    orderIds: orders.map(({ id }) => id),
  };
}
