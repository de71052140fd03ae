import assert from "node:assert/strict";
import { merchantsOf } from "../../../stack/toss.ts";
import { ONE_STICKER } from "../../support/buy.ts";
import { cancel } from "../../support/cancel.ts";
import {
  paidByBank,
  receiptOperations,
  receiptsAtToss,
  requestReceipt,
  workReceiptsOff,
} from "../../support/cash-receipts.ts";
import { THREE_PAIRS } from "../../support/key-pairs.ts";
import { shopTests } from "../../support/shop-test.ts";
import { moveDatabaseClock } from "../../support/worker.ts";

const test = shopTests({
  environment: { ...THREE_PAIRS, TOSS_TIMEOUT_MS: "2000" },
  simulator: { secretKeys: merchantsOf(THREE_PAIRS) },
});

for (
  const [ui, clientKey] of [
    ["widget", THREE_PAIRS.TOSS_WIDGET_CLIENT_KEY],
    ["window", THREE_PAIRS.TOSS_CLIENT_KEY],
  ]
) {
  test(`a receipt of a ${ui} payment is asked for, looked for and canceled with the payment's own pair`, async (shop) => {
    const from = shop.simulator.requests().length;
    const { orderId } = await paidByBank(shop, {
      cart: { ...ONE_STICKER, ui },
    });
    // No usable answer under its key, so that Toss's list has to tell.
    shop.simulator.addFault({
      kind: "garbage",
      path: "/v1/cash-receipts",
      method: "POST",
      count: "always",
    });
    await requestReceipt(shop, { orderId });
    await moveDatabaseClock(shop, 150);
    await workReceiptsOff(shop);
    shop.simulator.clearFaults();
    await cancel(shop, { orderId, cancelAmount: 1000 });
    await workReceiptsOff(shop);

    assert.deepEqual(
      receiptsAtToss(shop, orderId).map(({ amount }) => amount),
      [3000, 1000],
    );
    assert.deepEqual(
      (await receiptOperations(shop, orderId)).map(({ state }) => state),
      ["succeeded", "succeeded"],
    );
    const asked = shop.simulator.requests().slice(from)
      .filter(({ path }) => path.startsWith("/v1/cash-receipts"));
    assert.ok(asked.some(({ method }) => method === "GET"));
    for (const request of asked) {
      assert.equal(request.clientKey, clientKey, request.path);
    }
  });
}
