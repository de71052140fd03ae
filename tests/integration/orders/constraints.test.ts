import assert from "node:assert/strict";
import type { TransactionSql } from "postgres";
import { buy } from "../../support/buy.ts";
import {
  CHECK,
  FOREIGN_KEY,
  refusalOf,
  UNIQUE,
} from "../../support/refusal-of.ts";
import { inRollback } from "../../support/rollback.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { cancelAtToss } from "../../support/toss-side.ts";
import { signUp } from "../../../stack/users.ts";
import { settleWebhooks } from "../../support/webhooks.ts";

const test = shopTests();
let filled = false;

/** A row in every table, so that an update has something to break. */
async function fill(shop: Shop): Promise<void> {
  if (filled) return;
  const user = await signUp(shop);
  const items = [{ productId: "tshirt", quantity: 1 }];
  const { paymentKey } = await buy(shop, { items }, user.accessToken);
  await buy(shop, { planId: "basic" }, user.accessToken);
  await cancelAtToss(shop, paymentKey, 500);
  await settleWebhooks(shop);
  filled = true;
}

const BROKEN: [string, string, string][] = [
  [CHECK, "products_price_range", "update public.products set price = -1"],
  [
    CHECK,
    "products_price_range",
    "update public.products set price = 9007199254740992",
  ],
  [
    CHECK,
    "products_stock_not_negative",
    "update public.products set stock = -1",
  ],
  [
    CHECK,
    "products_currency_code",
    "update public.products set currency = 'won'",
  ],
  [CHECK, "plans_price_range", "update public.plans set price = -1"],
  [
    CHECK,
    "plans_interval_known",
    "update public.plans set interval = 'fortnight'",
  ],
  [
    CHECK,
    "plans_interval_count_range",
    "update public.plans set interval_count = 0",
  ],
  [CHECK, "orders_amount_range", "update public.orders set amount = -1"],
  [
    CHECK,
    "orders_amount_range",
    "update public.orders set amount = 9007199254740992",
  ],
  [CHECK, "orders_status_known", "update public.orders set status = 'done'"],
  [CHECK, "orders_currency_code", "update public.orders set currency = ''"],
  [
    CHECK,
    "orders_order_name_length",
    "update public.orders set order_name = ''",
  ],
  [
    CHECK,
    "orders_metadata_is_object",
    "update public.orders set metadata = '[]'",
  ],
  [
    UNIQUE,
    "orders_request_id_unique",
    "update public.orders set request_id = gen_random_uuid() where false; update public.orders set request_id = (select request_id from public.orders limit 1)",
  ],
  [
    CHECK,
    "order_items_quantity_range",
    "update public.order_items set quantity = 0",
  ],
  [
    CHECK,
    "order_items_unit_price_range",
    "update public.order_items set unit_price = -1",
  ],
  [
    CHECK,
    "payments_balance_within_total",
    "update public.payments set balance_amount = total_amount + 1",
  ],
  [
    CHECK,
    "payments_balance_within_total",
    "update public.payments set balance_amount = -1",
  ],
  [
    CHECK,
    "payments_total_amount_range",
    "update public.payments set total_amount = 9007199254740992",
  ],
  [
    CHECK,
    "payments_status_known",
    "update public.payments set status = 'PAID'",
  ],
  [
    CHECK,
    "payments_currency_code",
    "update public.payments set currency = 'KRWW'",
  ],
  [
    FOREIGN_KEY,
    "payments_order_id_fkey",
    "update public.payments set order_id = 'order-of-nobody'",
  ],
  [
    CHECK,
    "payment_cancels_amount_positive",
    "update public.payment_cancels set amount = 0",
  ],
  [
    FOREIGN_KEY,
    "payment_cancels_payment_key_fkey",
    "update public.payment_cancels set payment_key = 'payment-of-nobody'",
  ],
  [
    UNIQUE,
    "payment_cancels_pkey",
    "insert into public.payment_cancels select * from public.payment_cancels",
  ],
  [
    CHECK,
    "operations_state_known",
    "update public.operations set state = 'failed', finished_at = null",
  ],
  [
    CHECK,
    "operations_amount_positive",
    "update public.operations set amount = 0",
  ],
  [
    CHECK,
    "operations_finished_when_ended",
    "update public.operations set finished_at = null",
  ],
  [
    CHECK,
    "operations_finished_when_ended",
    "update public.operations set state = 'unknown'",
  ],
  [
    UNIQUE,
    "operations_idempotency_key_unique",
    "update public.operations set idempotency_key = 'same'",
  ],
  [
    UNIQUE,
    "operations_one_open_payment_per_order",
    "update public.operations set order_id = (select id from public.orders limit 1), state = 'unknown', finished_at = null",
  ],
  [
    CHECK,
    "payment_events_event_format",
    "insert into public.payment_events (event, source, created_at) values ('Not a name', 'operator', now())",
  ],
  [
    CHECK,
    "webhook_events_status_known",
    "update public.webhook_events set status = 'done'",
  ],
  [
    CHECK,
    "webhook_events_lease_when_processing",
    "update public.webhook_events set status = 'processing', lease_token = null",
  ],
  [
    UNIQUE,
    "webhook_events_dedupe_key_unique",
    "update public.webhook_events set dedupe_key = 'same'",
  ],
  [
    CHECK,
    "entitlements_ends_after_start",
    "update public.entitlements set ends_at = starts_at",
  ],
  [
    CHECK,
    "entitlements_order_has_id",
    "update public.entitlements set order_id = null",
  ],
  [
    UNIQUE,
    "entitlements_one_per_order",
    "insert into public.entitlements (user_id, plan_id, source, order_id, starts_at, ends_at, created_at) select user_id, plan_id, source, order_id, starts_at, ends_at, created_at from public.entitlements",
  ],
  [
    UNIQUE,
    "customers_pkey",
    "insert into public.customers select * from public.customers",
  ],
  [
    FOREIGN_KEY,
    "order_items_order_id_fkey",
    "update public.orders set id = id || '-x' where id in (select order_id from public.order_items)",
  ],
  [
    CHECK,
    "payment_details_secret_digest_format",
    "insert into toss_private.payment_details (payment_key, secret_digest) select payment_key, 'the secret itself' from public.payments",
  ],
];

for (const [code, constraint, statement] of BROKEN) {
  test(`${constraint} refuses: ${statement.slice(0, 70)}`, async (shop) => {
    await fill(shop);

    assert.equal(await refusalOf(shop, statement), `${code} ${constraint}`);
  });
}

const APPEND_ONLY: [string, string][] = [
  ["payment_events", "update public.payment_events set amount = 0"],
  ["payment_events", "delete from public.payment_events"],
  ["payment_events", "truncate public.payment_events"],
  ["stock_movements", "update toss_private.stock_movements set delta = 0"],
  ["stock_movements", "delete from toss_private.stock_movements"],
];

for (const [table, statement] of APPEND_ONLY) {
  for (const role of ["postgres", "supabase_admin"]) {
    test(`${table} refuses ${statement.split(" ")[0]} also for ${role}`, async (shop) => {
      await fill(shop);

      const refused = await refusalOf(
        shop,
        `set local role ${role}; ${statement}`,
      );

      assert.equal(refused, `42501 ${table} is append-only`);
    });
  }
}

test("a time-moved clock keeps live keys from working", async (shop) => {
  const ask = (mode: string) => async (sql: TransactionSql) => {
    await sql`update toss_private.clock set time_offset = interval '1 day'`;
    await sql`select toss_private.require_real_time(${mode})`;
  };

  await inRollback(shop.stack.sql, ask("test"));
  await assert.rejects(
    inRollback(shop.stack.sql, ask("live")),
    /the clock is moved/,
  );
});
