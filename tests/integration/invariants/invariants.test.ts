import assert from "node:assert/strict";
import type { TransactionSql } from "postgres";
import { buy, type Purchase, startPurchase } from "../../support/buy.ts";
import { cancel } from "../../support/cancel.ts";
import { addProduct } from "../../support/database.ts";
import { inRollback } from "../../support/rollback.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { cancelAtToss } from "../../support/toss-side.ts";
import { signUp } from "../../../stack/users.ts";
import { settleWebhooks } from "../../support/webhooks.ts";

const test = shopTests();

/** One of each: what a rule can be broken with. */
interface Scene {
  paid: Purchase;
  refunded: Purchase;
  pending: Purchase;
  pass: Purchase;
}

let scene: Scene | undefined;

async function openScene(shop: Shop): Promise<Scene> {
  if (scene !== undefined) return scene;
  const user = await signUp(shop);
  await addProduct(shop, "counted", 10);
  const items = [{ productId: "counted", quantity: 2 }];
  const paid = await buy(shop, { items }, user.accessToken);
  const refunded = await buy(shop, { items });
  const { paymentKey } = refunded;
  assert.equal(
    (await cancel(shop, { paymentKey, cancelAmount: 500 })).status,
    200,
  );
  await cancelAtToss(shop, refunded.paymentKey);
  await settleWebhooks(shop);
  const pending = await startPurchase(shop, { items });
  const pass = await buy(shop, { planId: "basic" }, user.accessToken);
  scene = { paid, refunded, pending, pass };
  return scene;
}

interface Break {
  invariant: string;
  how: string;
  subject: (scene: Scene) => string;
  harm: (sql: TransactionSql, scene: Scene) => Promise<unknown>;
}

const BREAKS: Break[] = [
  {
    invariant: "deposit_ends_at_its_deadline",
    how: "an order waits on after Toss's last word",
    subject: ({ paid }) => paid.orderId,
    harm: async (sql, { paid }) => {
      await sql`
        update public.orders set status = 'waiting_for_deposit' where id = ${paid.orderId}`;
      await sql`
        update public.payments
        set status = 'WAITING_FOR_DEPOSIT', applied_at = toss_private.clock_now() + interval '30 days'
        where payment_key = ${paid.paymentKey}`;
    },
  },
  {
    invariant: "order_paid_by_one_payment",
    how: "an order is paid by nothing",
    subject: ({ pending }) => pending.orderId,
    harm: (sql, { pending }) =>
      sql`update public.orders set status = 'paid' where id = ${pending.orderId}`,
  },
  {
    invariant: "order_paid_by_one_payment",
    how: "a paid order costs more than its payment",
    subject: ({ paid }) => paid.orderId,
    harm: (sql, { paid }) =>
      sql`update public.orders set amount = amount + 1 where id = ${paid.orderId}`,
  },
  {
    invariant: "money_belongs_to_a_paid_order",
    how: "money was taken for an order that is given up",
    subject: ({ paid }) => paid.paymentKey,
    harm: (sql, { paid }) =>
      sql`update public.orders set status = 'canceled' where id = ${paid.orderId}`,
  },
  {
    invariant: "money_belongs_to_a_paid_order",
    how: "a second payment took money for a paid order",
    subject: () => "second-payment",
    harm: (sql, { paid }) =>
      sql`
        insert into public.payments (payment_key, order_id, status, total_amount, balance_amount,
          currency, approved_at, applied_at, created_at)
        values ('second-payment', ${paid.orderId}, 'DONE', 2000, 2000, 'KRW', now(), now(), now())`,
  },
  {
    invariant: "order_amount_is_sum_of_its_items",
    how: "an item's price was changed after checkout",
    subject: ({ pending }) => pending.orderId,
    harm: (sql, { pending }) =>
      sql`update public.order_items set unit_price = unit_price + 1 where order_id = ${pending.orderId}`,
  },
  {
    invariant: "order_amount_is_sum_of_its_items",
    how: "an order's tax-free part is not that of its lines",
    subject: ({ pending }) => pending.orderId,
    harm: (sql, { pending }) =>
      sql`update public.orders set tax_free_amount = tax_free_amount + 1 where id = ${pending.orderId}`,
  },
  {
    invariant: "tax_split_adds_up",
    how: "a payment's VAT was changed by hand",
    subject: ({ paid }) => paid.paymentKey,
    harm: (sql, { paid }) =>
      sql`update public.payments set vat = vat + 1 where payment_key = ${paid.paymentKey}`,
  },
  {
    invariant: "free_order_has_no_payment",
    how: "a payment was made for an order of nothing",
    subject: ({ pass }) => pass.orderId,
    harm: (sql, { pass }) =>
      sql`
        with items as (
          update public.order_items set unit_price = 0 where order_id = ${pass.orderId}
        )
        update public.orders set amount = 0, payment_key = null where id = ${pass.orderId}`,
  },
  {
    invariant: "free_order_has_no_payment",
    how: "an order waits for the payment of nothing",
    subject: ({ pending }) => pending.orderId,
    harm: (sql, { pending }) =>
      sql`
        with items as (
          update public.order_items set unit_price = 0 where order_id = ${pending.orderId}
        )
        update public.orders set amount = 0 where id = ${pending.orderId}`,
  },
  {
    invariant: "order_status_matches_balance",
    how: "an order is paid though money went back",
    subject: ({ refunded }) => refunded.orderId,
    harm: (sql, { refunded }) =>
      sql`update public.orders set status = 'paid' where id = ${refunded.orderId}`,
  },
  {
    invariant: "order_status_matches_balance",
    how: "an order is refunded though money is left",
    subject: ({ paid }) => paid.orderId,
    harm: (sql, { paid }) =>
      sql`update public.orders set status = 'refunded' where id = ${paid.orderId}`,
  },
  {
    invariant: "balance_is_total_minus_cancels",
    how: "a cancel is missing from the ledger",
    subject: ({ refunded }) => refunded.paymentKey,
    harm: (sql, { refunded }) =>
      sql`delete from public.payment_cancels where payment_key = ${refunded.paymentKey} and amount = 500`,
  },
  {
    invariant: "balance_is_total_minus_cancels",
    how: "money left a payment without a cancel",
    subject: ({ paid }) => paid.paymentKey,
    harm: (sql, { paid }) =>
      sql`update public.payments set balance_amount = balance_amount - 1 where payment_key = ${paid.paymentKey}`,
  },
  {
    invariant: "payment_matches_its_order",
    how: "a payment has another currency than its order",
    subject: ({ paid }) => paid.paymentKey,
    harm: (sql, { paid }) =>
      sql`update public.payments set currency = 'USD' where payment_key = ${paid.paymentKey}`,
  },
  {
    invariant: "payment_matches_its_order",
    how: "a payment belongs to another user than its order",
    subject: ({ paid }) => paid.paymentKey,
    harm: (sql, { paid }) =>
      sql`update public.payments set user_id = gen_random_uuid() where payment_key = ${paid.paymentKey}`,
  },
  {
    invariant: "operation_succeeded_with_effect",
    how: "a confirm succeeded although the payment was not approved",
    subject: ({ paid }) => paid.paymentKey,
    harm: (sql, { paid }) =>
      sql`
        update public.payments set status = 'ABORTED', approved_at = null
        where payment_key = ${paid.paymentKey}`,
  },
  {
    invariant: "operation_open_only_on_open_order",
    how: "an order was given up while its confirm is unknown",
    subject: ({ paid }) => paid.paymentKey,
    harm: async (sql, { paid }) => {
      await sql`
        update public.operations set state = 'unknown', finished_at = null
        where order_id = ${paid.orderId}`;
      await sql`update public.orders set status = 'expired' where id = ${paid.orderId}`;
    },
  },
  {
    invariant: "entitlement_has_its_payment",
    how: "somebody has access to a plan that was refunded",
    subject: ({ pass }) => pass.orderId,
    harm: (sql, { pass }) =>
      sql`update public.orders set status = 'refunded' where id = ${pass.orderId}`,
  },
  {
    invariant: "paid_pass_has_its_entitlement",
    how: "a paid pass gives no access",
    subject: ({ pass }) => pass.orderId,
    harm: (sql, { pass }) =>
      sql`update public.entitlements set revoked_at = now() where order_id = ${pass.orderId}`,
  },
  {
    invariant: "stock_equals_its_movements",
    how: "stock changed without a movement",
    subject: () => "counted",
    harm: (sql) =>
      sql`update public.products set stock = stock + 1 where id = 'counted'`,
  },
  {
    invariant: "order_holds_its_stock",
    how: "an order that is over still holds stock",
    subject: ({ pending }) => pending.orderId,
    harm: (sql, { pending }) =>
      sql`update public.orders set status = 'expired' where id = ${pending.orderId}`,
  },
  {
    invariant: "order_holds_its_stock",
    how: "a paid order holds less than was bought",
    subject: ({ paid }) => paid.orderId,
    harm: (sql, { paid }) =>
      sql`
        insert into toss_private.stock_movements (product_id, order_id, delta, created_at)
        values ('counted', ${paid.orderId}, 1, now())`,
  },
  {
    invariant: "order_status_is_explained",
    how: "an order moved without an audit line",
    subject: ({ pending }) => pending.orderId,
    harm: (sql, { pending }) =>
      sql`update public.orders set status = 'failed' where id = ${pending.orderId}`,
  },
  {
    invariant: "payment_status_is_explained",
    how: "a payment moved without an audit line",
    subject: ({ paid }) => paid.paymentKey,
    harm: (sql, { paid }) =>
      sql`update public.payments set status = 'PARTIAL_CANCELED' where payment_key = ${paid.paymentKey}`,
  },
  {
    invariant: "cancel_is_explained",
    how: "a cancel appeared without an audit line",
    subject: () => "cancel-from-nowhere",
    harm: (sql, { paid }) =>
      sql`
        insert into public.payment_cancels (transaction_key, payment_key, amount, created_at)
        values ('cancel-from-nowhere', ${paid.paymentKey}, 1, now())`,
  },
  {
    invariant: "reserved_amount_is_sum_of_open_cancels",
    how: "something is reserved that no cancel wants",
    subject: ({ paid }) => paid.paymentKey,
    harm: (sql, { paid }) =>
      sql`update public.payments set reserved_amount = 1 where payment_key = ${paid.paymentKey}`,
  },
  {
    invariant: "cancel_succeeded_with_its_entry",
    how: "a cancel of ours is not in the ledger",
    subject: ({ refunded }) => refunded.paymentKey,
    harm: (sql, { refunded }) =>
      sql`
        update public.operations set canceled_transaction_key = 'nowhere'
        where payment_key = ${refunded.paymentKey} and kind = 'cancel'`,
  },
  {
    invariant: "cancels_within_total",
    how: "more was given back than was taken",
    subject: ({ refunded }) => refunded.paymentKey,
    harm: (sql, { refunded }) =>
      sql`update public.payment_cancels set amount = amount + 1 where payment_key = ${refunded.paymentKey} and amount = 500`,
  },
  {
    invariant: "refund_is_told_once",
    how: "a refund was told to nobody",
    subject: ({ refunded }) => refunded.paymentKey,
    harm: (sql, { refunded }) =>
      sql`
        delete from public.outbox_events where payload ->> 'transactionKey' = (
          select transaction_key from public.payment_cancels
          where payment_key = ${refunded.paymentKey} and amount = 500
        )`,
  },
  {
    invariant: "operation_secret_only_while_open",
    how: "the refund account of a cancel that is over was kept",
    subject: ({ refunded }) => refunded.paymentKey,
    harm: (sql, { refunded }) =>
      sql`
        insert into toss_private.operation_secrets (operation_id, key_id, ciphertext)
        select id, 'key', 'ciphertext' from public.operations
        where payment_key = ${refunded.paymentKey} and kind = 'cancel'`,
  },
];

/** The subject as the rule names it: operations, entitlements and cancels by their own id. */
async function namedSubject(
  sql: TransactionSql,
  { invariant }: Break,
  subject: string,
): Promise<string> {
  const rows = async () => {
    switch (invariant) {
      case "operation_succeeded_with_effect":
      case "operation_open_only_on_open_order":
        return await sql`
          select id from public.operations where payment_key = ${subject} and kind = 'confirm'`;
      case "cancel_succeeded_with_its_entry":
      case "operation_secret_only_while_open":
        return await sql`
          select id from public.operations where payment_key = ${subject} and kind = 'cancel'`;
      case "refund_is_told_once":
        return await sql`
          select transaction_key as id from public.payment_cancels
          where payment_key = ${subject} and amount = 500`;
      case "entitlement_has_its_payment":
        return await sql`select id from public.entitlements where order_id = ${subject}`;
      default:
        return [];
    }
  };
  const [row] = await rows();
  return row === undefined ? subject : String(row.id);
}

for (const broken of BREAKS) {
  test(`invariant_violations() names ${broken.invariant} when ${broken.how}`, async (shop) => {
    const actors = await openScene(shop);
    await inRollback(shop.stack.sql, async (sql) => {
      // No trigger and no foreign key stands in the way of the harm.
      await sql`set local session_replication_role = replica`;
      await broken.harm(sql, actors);

      const subject = await namedSubject(sql, broken, broken.subject(actors));
      const found = await sql<{ subject: string; detail: string }[]>`
        select subject, detail from public.invariant_violations()
        where invariant = ${broken.invariant}`;
      assert.deepEqual(found.map((row) => row.subject), [subject]);
      assert.ok(found[0]?.detail);
    });
  });
}

test("every rule of payment_violations() and refund_violations() is broken by a test", async (shop) => {
  const [row] = await shop.stack.sql<{ text: string }[]>`
    select string_agg(pg_get_functiondef(p.oid), '') as text
    from pg_proc as p where p.proname in ('payment_violations', 'refund_violations')`;
  const rules = row?.text.matchAll(/^\s*select '([a-z_]+)',/gm) ?? [];

  assert.deepEqual(
    [...new Set([...rules].map(([, name]) => name))].sort(),
    [...new Set(BREAKS.map(({ invariant }) => invariant))].sort(),
  );
});

test("a shop with all kinds of orders violates nothing", async (shop) => {
  await openScene(shop);
  const violations = await shop.stack
    .sql`select * from public.invariant_violations()`;
  assert.deepEqual([...violations], []);
});
