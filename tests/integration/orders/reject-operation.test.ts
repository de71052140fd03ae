import assert from "node:assert/strict";
import { z } from "zod";
import { callSql } from "../../support/answers.ts";
import { confirm, type Purchase, startPurchase } from "../../support/buy.ts";
import {
  auditEvents,
  makeOperationDue,
  operationRows,
  paymentStatus,
} from "../../support/database.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";

const test = shopTests();

const begun = z.object({
  outcome: z.string(),
  operation: z.object({ operationId: z.string(), leaseToken: z.string() }),
});

async function begin({ stack }: Shop, purchase: Purchase) {
  const answer = await callSql(stack.sql, "begin_confirmation", {
    ...purchase,
    leaseToken: crypto.randomUUID(),
    leaseSeconds: 60,
    mode: "test",
    requestId: "reject-operation-test",
  });
  return begun.parse(answer);
}

function reject(
  { stack }: Shop,
  { operation }: z.output<typeof begun>,
): Promise<Record<string, unknown>> {
  return callSql(stack.sql, "reject_operation", {
    operationId: operation.operationId,
    leaseToken: operation.leaseToken,
    errorCode: "REJECT_CARD_PAYMENT",
    errorMessage: "거절",
    isFinal: true,
    paymentStatus: "ABORTED",
    source: "confirm",
    requestId: "reject-operation-test",
  });
}

test("reject_operation() answers unknown to a caller whose lease was taken over, and changes nothing", async (shop) => {
  const purchase = await startPurchase(shop);
  const slow = await begin(shop, purchase);
  await makeOperationDue(shop, purchase.orderId);
  const next = await begin(shop, purchase);
  assert.deepEqual([slow.outcome, next.outcome], ["proceed", "resolve"]);
  const before = await operationRows(shop, purchase.orderId);
  const linesBefore = await auditEvents(shop, purchase.orderId);

  assert.deepEqual(await reject(shop, slow), { outcome: "unknown" });

  assert.deepEqual(await operationRows(shop, purchase.orderId), before);
  assert.deepEqual(await auditEvents(shop, purchase.orderId), linesBefore);
  assert.equal(await paymentStatus(shop, purchase.paymentKey), null);
  await makeOperationDue(shop, purchase.orderId);
  assert.equal((await confirm(shop, purchase)).status, 200);
});

test("reject_operation() ends the operation for the caller that holds the lease", async (shop) => {
  const purchase = await startPurchase(shop);
  await begin(shop, purchase);
  await makeOperationDue(shop, purchase.orderId);
  const holder = await begin(shop, purchase);

  const answer = await reject(shop, holder);

  assert.deepEqual(answer, {
    outcome: "rejected",
    errorCode: "REJECT_CARD_PAYMENT",
  });
  assert.equal(await paymentStatus(shop, purchase.paymentKey), "ABORTED");
  assert.deepEqual(await reject(shop, holder), answer);
});
