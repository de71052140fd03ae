import assert from "node:assert/strict";
import type { Simulator } from "../../simulator/simulator.ts";
import {
  cancel,
  confirm,
  issueAccount,
  read,
  REFUND_RECEIVE_ACCOUNT,
} from "./toss-client.ts";
import { ORDER, withSimulator } from "./with-simulator.ts";

const LOGS = "/my/payment-logs";

async function page(simulator: Simulator, query = ""): Promise<string> {
  const search = new URLSearchParams({ q: query });
  const response = await fetch(`${simulator.url}${LOGS}?${search}`);
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
    assert.ok(!(await page(simulator)).includes('name="action"'));
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

/** The order ids of the rows that the page shows, in order. */
function shownOrders(html: string): string[] {
  const [, body = ""] = html.split("<tbody>");
  return [...body.matchAll(/order-\d{4}/g)].map(([id]) => id);
}

Deno.test("payment logs show times, keys and amounts of each payment, the youngest first", async () => {
  await withSimulator(async (simulator) => {
    const first = simulator.createPayment({ ...ORDER, orderId: "order-0001" });
    await confirm(simulator, {
      paymentKey: first.paymentKey,
      orderId: "order-0001",
      amount: ORDER.amount,
    });
    simulator.createPayment({ ...ORDER, orderId: "order-0002" });

    const html = await page(simulator);

    assert.deepEqual(shownOrders(html), ["order-0002", "order-0001"]);
    assert.ok(html.includes(first.paymentKey));
    assert.ok(html.includes("15,000원"));
    const { requestedAt, approvedAt } = await read(simulator, first.paymentKey);
    for (const time of [requestedAt, approvedAt]) {
      assert.ok(html.includes(time.slice(0, 19).replace("T", " ")), time);
    }
    assert.match(html, /결제 완료/);
  });
});

Deno.test("payment logs are searched by order, key, name and status, and keep the search after a button", async () => {
  await withSimulator(async (simulator) => {
    const orderName = "<b>파란 컵</b>";
    const { paymentKey } = simulator.createPayment({
      ...ORDER,
      orderId: "order-0001",
      orderName,
    });
    const { json } = await issueAccount(simulator, { orderId: "order-0002" });
    const found = async (query: string) =>
      shownOrders(await page(simulator, query));

    assert.deepEqual(await found("order-0001"), ["order-0001"]);
    assert.deepEqual(await found(paymentKey.slice(-10)), ["order-0001"]);
    assert.deepEqual(await found("파란 컵"), ["order-0001"]);
    assert.deepEqual(await found("waiting_for_deposit"), ["order-0002"]);
    assert.deepEqual(await found("입금 대기"), ["order-0002"]);
    const nothing = await page(simulator, '"><script>');
    assert.deepEqual(shownOrders(nothing), []);
    assert.match(nothing, /No payment matches/);
    for (const html of [nothing, await page(simulator)]) {
      assert.ok(!/<script>|<b>/.test(html));
    }
    const pressed = await fetch(
      `${simulator.url}${LOGS}/${json.paymentKey}`,
      {
        method: "POST",
        body: new URLSearchParams({ action: "deposit", q: "order-0002" }),
        redirect: "manual",
      },
    );
    await pressed.body?.cancel();
    assert.equal(pressed.headers.get("location"), `${LOGS}?q=order-0002`);
  });
});
