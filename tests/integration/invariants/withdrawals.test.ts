import assert from "node:assert/strict";
import { buy, type Purchase } from "../../support/buy.ts";
import { type Break, rulesOf, subjectsAfter } from "../../support/harm.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { decide, requested } from "../../support/withdrawals.ts";
import { signUp } from "../../../stack/users.ts";

const test = shopTests();

/** An order of which a part went back by a withdrawal. */
interface Scene extends Purchase {
  withdrawalId: string;
}

async function openScene(shop: Shop): Promise<Scene> {
  const { accessToken } = await signUp(shop);
  const purchase = await buy(shop, undefined, accessToken);
  const withdrawalId = await requested(shop, purchase.orderId, accessToken);
  const { status, body } = await decide(shop, {
    withdrawalId,
    action: "accept",
    cancelAmount: 1000,
  });
  assert.equal(status, 200, JSON.stringify(body));
  return { ...purchase, withdrawalId };
}

const subject = ({ withdrawalId }: Scene) => withdrawalId;

const BREAKS: Break<Scene>[] = [
  {
    invariant: "accepted_withdrawal_has_its_refund",
    how: "its refund was never begun",
    subject,
    harm: (sql, { withdrawalId }) =>
      sql`update public.withdrawals set refund_operation_id = null where id = ${withdrawalId}`,
  },
  {
    invariant: "withdrawal_refund_is_its_own",
    how: "a refund for something else is taken for it",
    subject,
    harm: (sql, { orderId }) =>
      sql`update public.operations set request_id = 'refund-1' where order_id = ${orderId} and kind = 'cancel'`,
  },
  {
    invariant: "withdrawal_is_paid_once",
    how: "it was paid twice",
    subject,
    harm: (sql, { paymentKey, withdrawalId }) =>
      sql`
        insert into public.operations (id, kind, idempotency_key, key_created_at, order_id, payment_key, amount, currency,
          request_id, request_digest, requested_by, reason, reserved_amount, is_queued, lease_token, lease_expires_at,
          next_attempt_at, created_at)
        select gen_random_uuid(), kind, 'another-key', key_created_at, order_id, payment_key, amount, currency,
          ${`withdrawal-${withdrawalId}-2`}, request_digest, requested_by, reason, 0, true, gen_random_uuid(),
          lease_expires_at, next_attempt_at, created_at
        from public.operations where payment_key = ${paymentKey} and kind = 'cancel'`,
  },
  {
    invariant: "withdrawal_is_paid_once",
    how: "it was refused, and paid all the same",
    subject,
    harm: (sql, { withdrawalId }) =>
      sql`
        update public.withdrawals set status = 'refused', refund_operation_id = null where id = ${withdrawalId}`,
  },
  {
    invariant: "withdrawal_matches_its_order",
    how: "it is shown to another user",
    subject,
    harm: (sql, { withdrawalId }) =>
      sql`update public.withdrawals set user_id = gen_random_uuid() where id = ${withdrawalId}`,
  },
];

for (const breaking of BREAKS) {
  const { invariant, how } = breaking;
  test(`${invariant} is violated when ${how}`, async (shop) => {
    const scene = await openScene(shop);
    assert.deepEqual(await subjectsAfter(shop, breaking, scene), [
      breaking.subject(scene),
    ]);
  });
}

test("every rule about withdrawals has its harm here", async (shop) => {
  assert.deepEqual(
    [...new Set(BREAKS.map(({ invariant }) => invariant))].sort(),
    await rulesOf(shop, "withdrawal_violations"),
  );
});
