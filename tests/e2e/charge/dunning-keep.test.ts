import assert from "node:assert/strict";
import { z } from "zod";
import { charge, registerCard, subscribe } from "../../support/billing.ts";
import {
  daysAfter,
  justAfter,
  subscriptionRow,
} from "../../support/billing-rows.ts";
import { shopTests } from "../../support/shop-test.ts";

const test = shopTests({
  environment: {
    DUNNING_SCHEDULE_DAYS: "2,4",
    DUNNING_FINAL_ACTION: "keep_past_due",
  },
});

test("with keep_past_due the last decline withdraws access, and a new card still pays the debt", async (shop) => {
  const { user, subscription, planId } = await subscribe(shop);
  const { id: subscriptionId, currentPeriodEnd } = subscription;
  const { data: customers } = await user.client.from("customers").select();
  shop.simulator.declineCharges({
    customerKey: z.uuid().parse(customers?.[0]?.customer_key),
    code: "REJECT_CARD_PAYMENT",
    count: "always",
  });
  const claimed: number[] = [];
  for (let day = 0; day <= 6; day++) {
    const asOf = justAfter(daysAfter(currentPeriodEnd, day));
    claimed.push((await charge(shop, { subscriptionId, asOf })).claimed);
  }

  assert.deepEqual(claimed, [1, 0, 1, 0, 1, 0, 0]);
  const owing = await subscriptionRow(shop, subscriptionId);
  assert.deepEqual(
    [owing.status, owing.needs_payment_method, owing.next_charge_at],
    ["past_due", true, null],
  );
  const { data: plans } = await user.client.from("user_plans").select();
  assert.deepEqual(plans?.map(({ plan, status }) => [plan, status]), [
    [planId, "expired"],
  ]);
  shop.simulator.clearChargeDeclines();
  await registerCard(shop, user);
  const row = await subscriptionRow(shop, subscriptionId);
  assert.equal(row.status, "active");
});
