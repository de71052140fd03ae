import assert from "node:assert/strict";
import { charge, CUSTOMER, issue, newKey } from "./billing-client.ts";
import { control } from "./control-client.ts";
import { call, refusal } from "./toss-client.ts";
import { withSimulator } from "./with-simulator.ts";
import type { Simulator } from "../../simulator/simulator.ts";

const KEY = { headers: { "idempotency-key": "charge-1" } };

async function chargeOutcomes(
  simulator: Simulator,
  billingKey: string,
  count: number,
): Promise<string[]> {
  const outcomes: string[] = [];
  for (let number = 0; number < count; number++) {
    const orderId = `charge-${simulator.charges().length + 1000}`;
    const outcome = await charge(simulator, billingKey, { orderId })
      .then(({ json }) => json.code ?? json.status, () => "cut");
    outcomes.push(outcome);
  }
  return outcomes;
}

Deno.test("simulator declines the next charges of one key with a code", async () => {
  await withSimulator(async (simulator) => {
    const declined = await newKey(simulator);
    const other = await newKey(simulator);
    const code = "INVALID_STOPPED_CARD";
    simulator.declineCharges({ billingKey: declined, code, count: 2 });
    assert.deepEqual(await chargeOutcomes(simulator, other, 1), ["DONE"]);
    assert.deepEqual(await chargeOutcomes(simulator, declined, 3), [
      code,
      code,
      "DONE",
    ]);
  });
});

Deno.test("simulator declines every charge until told otherwise", async () => {
  await withSimulator(async (simulator) => {
    const billingKey = await newKey(simulator);
    const code = "EXCEED_MAX_DAILY_PAYMENT_COUNT";
    const decline = { code, count: "always" };
    await control(simulator, "POST /billing/declines", decline);
    assert.deepEqual(await chargeOutcomes(simulator, billingKey, 2), [
      code,
      code,
    ]);
    await control(simulator, "DELETE /billing/declines");
    assert.deepEqual(await chargeOutcomes(simulator, billingKey, 1), ["DONE"]);
  });
});

Deno.test("simulator declines the charges of a customer and of a card number", async () => {
  await withSimulator(async (simulator) => {
    const { customerKey } = CUSTOMER;
    const cardNumber = "4906251234123456";
    const billingKey = await newKey(simulator, { cardNumber });
    simulator.declineCharges({ customerKey, code: "REJECT_CARD_COMPANY" });
    simulator.declineCard({ cardNumber, code: "REJECT_CARD_PAYMENT" });
    simulator.declineCharges({
      customerKey: "customer-2",
      code: "INVALID_CARD_LOST_OR_STOLEN",
    });
    assert.deepEqual(await chargeOutcomes(simulator, billingKey, 3), [
      "REJECT_CARD_COMPANY",
      "REJECT_CARD_PAYMENT",
      "DONE",
    ]);
  });
});

Deno.test("simulator keeps a declined charge as ABORTED and lets its orderId be used again", async () => {
  await withSimulator(async (simulator) => {
    const billingKey = await newKey(simulator);
    const code = "REJECT_CARD_PAYMENT";
    simulator.declineCharges({ code });
    assert.equal(refusal(await charge(simulator, billingKey)), `403 ${code}`);
    const path = "GET /v1/payments/orders/charge-0001";
    const aborted = await call(simulator, path);
    assert.equal(aborted.json.status, "ABORTED");
    assert.equal(aborted.json.failure.code, code);
    assert.equal((await charge(simulator, billingKey)).status, 200);
    assert.equal((await call(simulator, path)).json.status, "DONE");
    assert.deepEqual(simulator.books().map(({ takenAmount }) => takenAmount), [
      0,
      9900,
    ]);
  });
});

Deno.test("simulator leaves nothing of a declined charge when told so", async () => {
  await withSimulator(async (simulator) => {
    const billingKey = await newKey(simulator);
    simulator.changeSettings({ keepDeclinedCharges: false });
    simulator.declineCharges({ code: "REJECT_CARD_PAYMENT" });
    await charge(simulator, billingKey);
    const read = await call(simulator, "GET /v1/payments/orders/charge-0001");
    assert.equal(refusal(read), "404 NOT_FOUND_PAYMENT");
    assert.equal(simulator.charges()[0]?.outcome, "REJECT_CARD_PAYMENT");
  });
});

Deno.test("simulator §6 obeys the test code on every billing route", async () => {
  await withSimulator(async (simulator) => {
    const billingKey = await newKey(simulator);
    const headers = { "tosspayments-test-code": "INVALID_STOPPED_CARD" };
    const charged = await charge(simulator, billingKey, {}, { headers });
    assert.equal(refusal(charged), "400 INVALID_STOPPED_CARD");
    const issued = await issue(simulator, {}, { headers });
    assert.equal(refusal(issued), "400 INVALID_STOPPED_CARD");
    const route = `DELETE /v1/billing/${billingKey}`;
    const deleted = await call(simulator, route, { headers });
    assert.equal(refusal(deleted), "400 INVALID_STOPPED_CARD");
    assert.deepEqual(simulator.charges(), []);
  });
});

Deno.test("simulator §12.10 loses the answer to a charge that was made", async () => {
  await withSimulator(async (simulator) => {
    const billingKey = await newKey(simulator);
    simulator.addFault({ kind: "lose_answer_after", billingKey });
    await assert.rejects(charge(simulator, billingKey, {}, KEY));
    assert.equal(simulator.books()[0]?.approvals, 1);
    const replay = await charge(simulator, billingKey, {}, KEY);
    assert.equal(replay.json.status, "DONE");
    assert.equal(simulator.books().length, 1);
  });
});

Deno.test("simulator aims a fault at one order's charge, before and after applying", async () => {
  await withSimulator(async (simulator) => {
    const billingKey = await newKey(simulator);
    const code = "FAILED_CARD_COMPANY_RESPONSE";
    const orderId = "charge-0002";
    simulator.addFault({ kind: "status_before", code, orderId });
    assert.equal((await charge(simulator, billingKey)).status, 200);
    const before = await charge(simulator, billingKey, { orderId }, KEY);
    assert.equal(refusal(before), `500 ${code}`);
    assert.equal(simulator.books().length, 1);
    simulator.addFault({ kind: "status_after", code, orderId });
    const after = await charge(simulator, billingKey, { orderId }, KEY);
    assert.equal(refusal(after), `500 ${code}`);
    assert.equal(simulator.books()[1]?.status, "DONE");
    const again = await charge(simulator, billingKey, { orderId }, KEY);
    assert.equal(refusal(again), "400 DUPLICATED_ORDER_ID");
  });
});

Deno.test("simulator loses a share of the answers, the same ones for one seed", async () => {
  const cuts = async (seed: number) => {
    let outcomes: string[] = [];
    await withSimulator(async (simulator) => {
      const billingKey = await newKey(simulator);
      simulator.addFault({
        kind: "lose_answer_after",
        method: "POST",
        pathPattern: "^/v1/billing/[^/]+$",
        ratio: 0.2,
        seed,
        count: "always",
      });
      outcomes = await chargeOutcomes(simulator, billingKey, 100);
      assert.equal(simulator.books().length, 100);
      assert.equal(simulator.faults().length, 1);
    });
    return outcomes;
  };
  const first = await cuts(7);
  const share = first.filter((outcome) => outcome === "cut").length;
  assert.ok(share >= 8 && share <= 35, `${share} of 100 were cut`);
  assert.deepEqual(await cuts(7), first);
  assert.notDeepEqual(await cuts(8), first);
});

Deno.test("simulator works on every request as long as its latency says", async () => {
  await withSimulator(async (simulator) => {
    const billingKey = await newKey(simulator);
    // Long enough for a busy machine to send another request meanwhile.
    const settings = { latencyMilliseconds: 500 };
    const changed = await control(simulator, "PATCH /settings", settings);
    assert.equal(changed.json.latencyMilliseconds, 500);
    const start = performance.now();
    const running = charge(simulator, billingKey, {}, KEY);
    const meanwhile = await waitForAnswer(simulator, billingKey);
    assert.equal(refusal(meanwhile), "409 IDEMPOTENT_REQUEST_PROCESSING");
    assert.equal((await running).json.status, "DONE");
    // Timers may fire a millisecond early.
    assert.ok(performance.now() - start >= 499);
    await control(simulator, "POST /reset");
    const { json } = await control(simulator, "GET /settings");
    assert.equal(json.latencyMilliseconds, 0);
  });
});

/** Repeats a charge as soon as the first request has arrived. */
async function waitForAnswer(simulator: Simulator, billingKey: string) {
  while (simulator.requests().length < 2) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return await charge(simulator, billingKey, {}, KEY);
}
