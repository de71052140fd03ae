import assert from "node:assert/strict";
import { buy } from "../../support/buy.ts";
import { cancel } from "../../support/cancel.ts";
import { CHECK, refusalOf, UNIQUE } from "../../support/refusal-of.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { settleWebhooks } from "../../support/webhooks.ts";

const test = shopTests();
let filled = false;

/** A payment of 3,000 of which 500 was given back. */
async function fill(shop: Shop): Promise<void> {
  if (filled) return;
  const { paymentKey } = await buy(shop);
  const { status } = await cancel(shop, { paymentKey, cancelAmount: 500 });
  assert.equal(status, 200);
  await settleWebhooks(shop);
  filled = true;
}

/** Writes open cancels of the payment, past every function that checks. */
function openCancels(
  amounts: number[],
  { queued = true, requestId = "gen_random_uuid()::text" } = {},
): string {
  return `
    insert into public.operations (
      kind, idempotency_key, key_created_at, order_id, payment_key, amount, currency, request_id, request_digest,
      requested_by, reason, reserved_amount, is_queued, lease_token, lease_expires_at, next_attempt_at, created_at
    )
    select 'cancel', gen_random_uuid()::text, now(), p.order_id, p.payment_key, a.amount, 'KRW', ${requestId},
      repeat('0', 64), 'operator', 'reason', a.amount, ${queued}, gen_random_uuid(), now(), now(), now()
    from public.payments as p, unnest(array[${amounts}]::bigint[]) as a (amount)`;
}

const BROKEN: [string, string, string, string][] = [
  [
    CHECK,
    "payments_reserved_within_balance",
    "a claim on more than is left",
    openCancels([2501]),
  ],
  [
    CHECK,
    "payments_reserved_within_balance",
    "claims that are too much together",
    openCancels([1000, 1000, 501]),
  ],
  [
    CHECK,
    "payments_reserved_within_balance",
    "a balance that falls below what is claimed",
    `${openCancels([1000])}; update public.payments set balance_amount = 999`,
  ],
  [
    CHECK,
    "operations_reserved_amount_range",
    "a claim on more than the cancel asks for",
    `${
      openCancels([10])
    }; update public.operations set reserved_amount = 11 where is_queued`,
  ],
  [
    UNIQUE,
    "operations_one_cancel_at_toss",
    "two cancels of a payment at Toss",
    openCancels([1, 1], { queued: false }),
  ],
  [
    UNIQUE,
    "operations_one_cancel_per_request",
    "two cancels for one requestId",
    openCancels([1, 1], { requestId: "'same'" }),
  ],
  [
    CHECK,
    "operations_cancel_is_complete",
    "a cancel that nobody asked for",
    "update public.operations set requested_by = null where kind = 'cancel'",
  ],
  [
    CHECK,
    "operations_cancel_has_proof",
    "a cancel that succeeded without an entry at Toss",
    "update public.operations set canceled_transaction_key = null where kind = 'cancel'",
  ],
  [
    CHECK,
    "operations_cancel_has_proof",
    "an open cancel that has its entry",
    "update public.operations set state = 'unknown', finished_at = null where kind = 'cancel'",
  ],
  [
    UNIQUE,
    "operations_canceled_transaction_key_unique",
    "two cancels that claim one entry",
    `${openCancels([1])};
     update public.operations set state = 'succeeded', finished_at = now(), answer = '{}',
       canceled_transaction_key = (select transaction_key from public.payment_cancels)
     where kind = 'cancel'`,
  ],
  [
    CHECK,
    "operations_queue_is_for_cancels",
    "a confirm that waits for its turn",
    "update public.operations set is_queued = true where kind = 'confirm'",
  ],
  [
    CHECK,
    "operations_virtual_account_has_parameters",
    "an account without a bank",
    `update public.operations set kind = 'virtual_account', parameters = '{"customerName": "x"}'
     where kind = 'confirm'`,
  ],
  [
    UNIQUE,
    "outbox_events_one_per_refund",
    "a refund that is told twice",
    `insert into public.outbox_events (event_type, subject, payload, created_at, stream)
     select event_type, subject, payload, created_at, stream from public.outbox_events`,
  ],
];

for (const [code, constraint, what, statement] of BROKEN) {
  test(`${constraint} refuses ${what}`, async (shop) => {
    await fill(shop);

    assert.equal(await refusalOf(shop, statement), `${code} ${constraint}`);
  });
}

test("claims that fit together are no violation", async (shop) => {
  await fill(shop);

  assert.equal(
    await refusalOf(shop, openCancels([1000, 1000, 500])),
    "nothing",
  );
});

test("a cancel that ends gives its claim back and forgets its refund account", async (shop) => {
  await fill(shop);
  const statement = `
    ${openCancels([700])};
    insert into toss_private.operation_secrets (operation_id, key_id, ciphertext)
      select id, 'key', 'text' from public.operations where is_queued;
    do $$ begin
      assert (select reserved_amount from public.payments) = 700;
    end $$;
    update public.operations set state = 'rejected', finished_at = now() where is_queued;
    do $$ begin
      assert (select reserved_amount from public.payments) = 0;
      assert not exists (select 1 from toss_private.operation_secrets);
    end $$`;

  assert.equal(await refusalOf(shop, statement), "nothing");
});
