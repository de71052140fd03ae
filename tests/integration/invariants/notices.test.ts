import assert from "node:assert/strict";
import type { TransactionSql } from "postgres";
import { buy } from "../../support/buy.ts";
import { cancel } from "../../support/cancel.ts";
import {
  mark,
  notificationsOf,
  openChannels,
  sendDue,
} from "../../support/notices.ts";
import { inRollback } from "../../support/rollback.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";

const test = shopTests({ notices: true });

/** The notices of one order, both sent. */
interface Told {
  receipt: string;
  refund: string;
  event: string;
}

async function tellBuyer(shop: Shop): Promise<Told> {
  await openChannels(shop);
  const since = mark(shop);
  const { orderId, paymentKey } = await buy(shop, {
    items: [{ productId: "sticker", quantity: 1 }],
    customerEmail: "buyer@mail.test",
  });
  assert.equal((await cancel(shop, { paymentKey })).status, 200);
  await sendDue(shop, since);
  const [receipt, refund] = await notificationsOf(shop, orderId);
  assert.ok(receipt && refund);
  const [row] = await shop.stack.sql<{ event_id: string }[]>`
    select event_id from public.notifications where id = ${receipt.id}`;
  return { receipt: receipt.id, refund: refund.id, event: row?.event_id ?? "" };
}

const HARMS: [
  invariant: string,
  subject: (told: Told) => string,
  harm: (sql: TransactionSql, told: Told) => Promise<unknown>,
][] = [
  [
    "notice_is_made_with_its_cause",
    ({ event }) => event,
    async (sql, { receipt }) => {
      await sql`
        update toss_private.notice_channels
        set changed_at = toss_private.clock_now() - interval '1 hour'`;
      await sql`delete from public.notifications where id = ${receipt}`;
    },
  ],
  [
    "notices_are_sent_in_order",
    ({ refund }) => refund,
    async (sql, { receipt }) => {
      await sql`
        update public.notifications
        set status = 'pending', sent_at = null, next_attempt_at = created_at where id = ${receipt}`;
      await sql`
        insert into toss_private.notification_contents (notification_id, address, language, facts)
        values (${receipt}, 'buyer@mail.test', 'ko', '{}')`;
    },
  ],
  [
    "notice_is_kept_until_it_is_over",
    ({ refund }) => refund,
    (sql, { refund }) =>
      sql`
        insert into toss_private.notification_contents (notification_id, address, language, facts)
        values (${refund}, 'buyer@mail.test', 'ko', '{}')`,
  ],
];

for (const [invariant, subjectOf, harm] of HARMS) {
  test(`invariant_violations() names ${invariant}`, async (shop) => {
    const told = await tellBuyer(shop);
    await inRollback(shop.stack.sql, async (sql) => {
      await harm(sql, told);
      const found = await sql<{ invariant: string; subject: string }[]>`
        select invariant, subject from public.invariant_violations()`;
      assert.deepEqual([...found], [{ invariant, subject: subjectOf(told) }]);
    });
  });
}

test("every rule of notice_violations() is broken by a test", async (shop) => {
  const [row] = await shop.stack.sql<{ text: string }[]>`
    select pg_get_functiondef(p.oid) as text from pg_proc as p where p.proname = 'notice_violations'`;
  const rules = [...row?.text.matchAll(/^\s*select '([a-z_]+)',/gm) ?? []];
  assert.deepEqual(
    [...new Set(rules.map(([, name]) => name))].sort(),
    HARMS.map(([name]) => name).sort(),
  );
});
