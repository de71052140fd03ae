import assert from "node:assert/strict";
import { callCharge, registerCard } from "../../support/billing.ts";
import { chargeRows } from "../../support/billing-rows.ts";
import { shopTests } from "../../support/shop-test.ts";
import { signUp } from "../../../stack/users.ts";

const test = shopTests();

test("without AD_HOC_CHARGES nothing is charged outside a subscription, and the answer names the variable", async (shop) => {
  const user = await signUp(shop);
  await registerCard(shop, user);
  const before = shop.simulator.charges().length;

  const { status, body } = await callCharge(shop, {
    userId: user.id,
    amount: 7_700,
    orderName: "추가 사용료",
    requestId: `ad-hoc-${user.id}`,
  });

  assert.deepEqual([status, body.code], [403, "forbidden"]);
  assert.match(String(body.message), /AD_HOC_CHARGES/);
  assert.deepEqual(body.details, { variable: "AD_HOC_CHARGES" });
  assert.equal(shop.simulator.charges().length, before);
  assert.deepEqual(await chargeRows(shop, user), []);
});
