import assert from "node:assert/strict";
import type { Simulator } from "../../scripts/simulator/simulator.ts";
import {
  cancel,
  issueAccount,
  read,
  REFUND_RECEIVE_ACCOUNT,
} from "./toss-client.ts";
import { ORDER, withSimulator } from "./with-simulator.ts";

const LOGS = "/my/payment-logs";

async function page(simulator: Simulator): Promise<string> {
  const response = await fetch(simulator.url + LOGS);
  assert.equal(response.status, 200);
  return await response.text();
}

/** Presses a button that the page must show. */
async function press(
  simulator: Simulator,
  paymentKey: string,
  action: string,
  fields: Record<string, string> = {},
): Promise<void> {
  const html = await page(simulator);
  assert.ok(html.includes(`name="action" value="${action}"`), action);
  const response = await fetch(`${simulator.url}${LOGS}/${paymentKey}`, {
    method: "POST",
    body: new URLSearchParams({ action, ...fields }),
    redirect: "manual",
  });
  await response.body?.cancel();
  assert.equal(response.status, 303);
  assert.equal(response.headers.get("location"), LOGS);
}

Deno.test("payment logs §6 play deposit, reversal, deadline and refund by buttons", async () => {
  await withSimulator(async (simulator) => {
    assert.match(await page(simulator), /No payments yet/);
    const { json } = await issueAccount(simulator);
    const { paymentKey } = json;
    const state = async () => {
      const { status, virtualAccount } = await read(simulator, paymentKey);
      return { status, ...virtualAccount };
    };

    await press(simulator, paymentKey, "expire");
    assert.equal((await state()).expired, true);
    const depositorName = "<박토스>";
    await press(simulator, paymentKey, "deposit", { depositorName });
    assert.equal((await state()).status, "DONE");
    assert.equal((await state()).depositorName, depositorName);
    assert.ok((await page(simulator)).includes("&lt;박토스&gt;"));
    await press(simulator, paymentKey, "reverse");
    assert.equal((await state()).status, "WAITING_FOR_DEPOSIT");
    await press(simulator, paymentKey, "deposit");
    await cancel(simulator, paymentKey, {
      refundReceiveAccount: REFUND_RECEIVE_ACCOUNT,
    });
    await press(simulator, paymentKey, "fail_refund");
    assert.equal((await state()).refundStatus, "FAILED");
  });
});

Deno.test("payment logs complete a refund and offer nothing for a card payment", async () => {
  await withSimulator(async (simulator) => {
    const card = simulator.createPayment(ORDER);
    assert.ok(!(await page(simulator)).includes("<button"));
    const response = await fetch(
      `${simulator.url}${LOGS}/${card.paymentKey}`,
      { method: "POST", body: new URLSearchParams({ action: "deposit" }) },
    );
    assert.equal(response.status, 409);
    await response.body?.cancel();
    const wrong = await fetch(
      `${simulator.url}${LOGS}/${card.paymentKey}`,
      { method: "POST", body: new URLSearchParams({ action: "steal" }) },
    );
    assert.equal(wrong.status, 400);
    await wrong.body?.cancel();

    const { json } = await issueAccount(simulator, { orderId: "order-0002" });
    simulator.deposit(json.paymentKey);
    await cancel(simulator, json.paymentKey, {
      refundReceiveAccount: REFUND_RECEIVE_ACCOUNT,
    });
    await press(simulator, json.paymentKey, "complete_refund");
    const { virtualAccount } = await read(simulator, json.paymentKey);
    assert.equal(virtualAccount.refundStatus, "COMPLETED");
  });
});
