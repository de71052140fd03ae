import assert from "node:assert/strict";
import type { Simulator } from "../../simulator/simulator.ts";
import {
  cancel,
  issueAccount,
  read,
  REFUND_RECEIVE_ACCOUNT,
  refusal,
} from "./toss-client.ts";
import { MINUTE, withSimulator } from "./with-simulator.ts";

const DAY = 24 * 60 * MINUTE;

const REFUND = { refundReceiveAccount: REFUND_RECEIVE_ACCOUNT };

async function issued(simulator: Simulator): Promise<string> {
  const { json } = await issueAccount(simulator, {
    orderId: crypto.randomUUID(),
  });
  return json.paymentKey;
}

async function deposited(simulator: Simulator): Promise<string> {
  const paymentKey = await issued(simulator);
  simulator.deposit(paymentKey);
  return paymentKey;
}

async function refundStatus(simulator: Simulator, paymentKey: string) {
  return (await read(simulator, paymentKey)).virtualAccount.refundStatus;
}

Deno.test("simulator §2.1 gives a virtual account up before its deposit, as a whole", async () => {
  await withSimulator(async (simulator) => {
    const paymentKey = await issued(simulator);
    const refused = "403 NOT_ALLOWED_PARTIAL_REFUND_WAITING_DEPOSIT";
    const partial = { cancelAmount: 14_999 };
    const parts = await cancel(simulator, paymentKey, partial);
    assert.equal(refusal(parts), refused);
    assert.equal(refusal(await cancel(simulator, paymentKey, REFUND)), refused);
    const tooMuch = { cancelAmount: 15_001 };
    assert.equal(
      refusal(await cancel(simulator, paymentKey, tooMuch)),
      "403 NOT_CANCELABLE_AMOUNT",
    );
    assert.equal(simulator.books()[0]?.status, "WAITING_FOR_DEPOSIT");

    const { json } = await cancel(simulator, paymentKey);

    assert.equal(json.status, "CANCELED");
    assert.equal(json.balanceAmount, 0);
    assert.equal(json.approvedAt, null);
    assert.equal(json.virtualAccount.refundStatus, "NONE");
    assert.equal(json.cancels[0]?.cancelAmount, 15_000);
    const [book] = simulator.books();
    assert.deepEqual([book?.takenAmount, book?.canceledAmount], [0, 0]);
    assert.equal(simulator.deposit(paymentKey).kind, "wrong_state");
    const again = await cancel(simulator, paymentKey);
    assert.equal(refusal(again), "400 ALREADY_CANCELED_PAYMENT");
  });
});

Deno.test("simulator §2.1 gives up an account whose deadline has passed", async () => {
  await withSimulator(async (simulator) => {
    const paymentKey = await issued(simulator);
    await simulator.advance(8 * DAY);
    const { json } = await cancel(simulator, paymentKey);
    assert.equal(json.status, "CANCELED");
    assert.equal(json.virtualAccount.expired, true);
  });
});

Deno.test("simulator §5.3 wants a refund account once the money is there", async () => {
  await withSimulator(async (simulator) => {
    const paymentKey = await deposited(simulator);
    const { bank: _bank, ...withoutBank } = REFUND_RECEIVE_ACCOUNT;
    const cases: [unknown, string][] = [
      [undefined, "INVALID_REFUND_ACCOUNT_INFO"],
      [null, "INVALID_REFUND_ACCOUNT_INFO"],
      ["110123456789", "INVALID_REFUND_ACCOUNT_INFO"],
      // The answer's name for the bank is not the request's.
      [{ ...withoutBank, bankCode: "88" }, "INVALID_REFUND_ACCOUNT_INFO"],
      [{ ...REFUND_RECEIVE_ACCOUNT, bank: "00" }, "INVALID_BANK"],
      [
        { ...REFUND_RECEIVE_ACCOUNT, accountNumber: "110-123" },
        "INVALID_REFUND_ACCOUNT_NUMBER",
      ],
      [
        { ...REFUND_RECEIVE_ACCOUNT, accountNumber: "1".repeat(21) },
        "INVALID_REFUND_ACCOUNT_NUMBER",
      ],
      [
        { ...REFUND_RECEIVE_ACCOUNT, holderName: "" },
        "INVALID_REFUND_ACCOUNT_INFO",
      ],
      [
        { ...REFUND_RECEIVE_ACCOUNT, holderName: "김".repeat(61) },
        "INVALID_REFUND_ACCOUNT_INFO",
      ],
    ];
    for (const [refundReceiveAccount, code] of cases) {
      const result = await cancel(simulator, paymentKey, {
        refundReceiveAccount,
      });
      assert.equal(refusal(result), `400 ${code}`);
    }
    assert.equal(await refundStatus(simulator, paymentKey), "NONE");
    assert.equal(simulator.books()[0]?.balanceAmount, 15_000);
  });
});

Deno.test("simulator §3.1 refunds a virtual account in two days", async () => {
  await withSimulator(async (simulator) => {
    const paymentKey = await deposited(simulator);
    const { json } = await cancel(simulator, paymentKey, REFUND);
    assert.equal(json.status, "CANCELED");
    assert.equal(json.virtualAccount.refundStatus, "PENDING");
    assert.equal(simulator.books()[0]?.canceledAmount, 15_000);
    await simulator.advance(2 * DAY - MINUTE);
    assert.equal(await refundStatus(simulator, paymentKey), "PENDING");
    await simulator.advance(MINUTE);
    assert.equal(await refundStatus(simulator, paymentKey), "COMPLETED");
  });
});

Deno.test("simulator §3.3 gives a deposit back in parts, to a securities firm too", async () => {
  await withSimulator(async (simulator) => {
    const paymentKey = await deposited(simulator);
    const refundReceiveAccount = { ...REFUND_RECEIVE_ACCOUNT, bank: "S2" };
    const part = { cancelAmount: 5000, refundReceiveAccount };
    const first = await cancel(simulator, paymentKey, part);
    assert.equal(first.json.status, "PARTIAL_CANCELED");
    assert.equal(first.json.balanceAmount, 10_000);
    await simulator.advance(DAY);
    const rest = await cancel(simulator, paymentKey, REFUND);
    assert.equal(rest.json.status, "PARTIAL_CANCELED");
    assert.equal(rest.json.balanceAmount, 0);
    // The second cancel's money is what the refund waits for.
    await simulator.advance(DAY + MINUTE);
    assert.equal(await refundStatus(simulator, paymentKey), "PENDING");
    await simulator.advance(DAY);
    assert.equal(await refundStatus(simulator, paymentKey), "COMPLETED");
    assert.equal(simulator.reverseDeposit(paymentKey).kind, "wrong_state");
  });
});

Deno.test("simulator ends a refund as the control wants, for good", async () => {
  await withSimulator(async (simulator) => {
    const paymentKey = await deposited(simulator);
    const early = simulator.endRefund(paymentKey, "FAILED");
    assert.equal(early.kind, "no_refund");
    await cancel(simulator, paymentKey, REFUND);
    simulator.endRefund(paymentKey, "FAILED");
    await simulator.advance(3 * DAY);
    assert.equal(await refundStatus(simulator, paymentKey), "FAILED");
  });
});

Deno.test("simulator §3.1 shows the refund account for 30 minutes", async () => {
  await withSimulator(async (simulator) => {
    const shown = await deposited(simulator);
    const never = await deposited(simulator);
    const { json } = await cancel(simulator, shown, REFUND);
    const { bank: _bank, ...rest } = REFUND_RECEIVE_ACCOUNT;
    assert.deepEqual(json.virtualAccount.refundReceiveAccount, {
      bankCode: "88",
      ...rest,
    });
    await simulator.advance(30 * MINUTE);
    const later = await read(simulator, shown);
    assert.equal(later.virtualAccount.refundReceiveAccount, null);
    const late = await cancel(simulator, never, REFUND);
    assert.equal(late.json.virtualAccount.refundReceiveAccount, null);
  });
});

Deno.test("simulator §2.1 refunds a virtual account for 365 days", async () => {
  await withSimulator(async (simulator) => {
    const inTime = await deposited(simulator);
    const late = await deposited(simulator);
    await simulator.advance(364 * DAY);
    assert.equal((await cancel(simulator, inTime, REFUND)).status, 200);
    await simulator.advance(2 * DAY);
    const refused = await cancel(simulator, late, REFUND);
    assert.equal(refusal(refused), "403 EXCEED_MAX_REFUND_DUE");
  });
});
