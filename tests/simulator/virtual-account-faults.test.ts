import assert from "node:assert/strict";
import { cancel, issueAccount, refusal } from "./toss-client.ts";
import { withSimulator } from "./with-simulator.ts";

const PATH = "/v1/virtual-accounts";
const KEY = { "idempotency-key": "key-1" };

Deno.test("simulator §12.10 loses the answer about an issued account, and replays it", async () => {
  await withSimulator(async (simulator) => {
    simulator.addFault({ kind: "lose_answer_after", path: PATH });
    await assert.rejects(issueAccount(simulator, {}, KEY));
    const [book] = simulator.books();
    assert.equal(book?.status, "WAITING_FOR_DEPOSIT");

    const replay = await issueAccount(simulator, {}, KEY);

    assert.equal(replay.status, 200);
    assert.equal(replay.json.paymentKey, book.paymentKey);
    assert.equal(simulator.books().length, 1);
    const another = await issueAccount(simulator);
    assert.equal(refusal(another), "400 DUPLICATED_ORDER_ID");
  });
});

Deno.test("simulator §12.10 answers errors around the issue of an account", async () => {
  await withSimulator(async (simulator) => {
    const code = "FAILED_DB_PROCESSING";
    simulator.addFault({ kind: "status_before", path: PATH, code });
    const before = await issueAccount(simulator, {}, KEY);
    assert.equal(refusal(before), `500 ${code}`);
    assert.equal(simulator.books().length, 0);
    simulator.addFault({ kind: "status_after", path: PATH, code });
    const after = await issueAccount(simulator, {}, KEY);
    assert.equal(refusal(after), `500 ${code}`);
    assert.equal(simulator.books().length, 1);
  });
});

Deno.test("simulator §12.10 loses no account before anything is applied", async () => {
  await withSimulator(async (simulator) => {
    simulator.addFault({ kind: "lose_answer_before", path: PATH });
    await assert.rejects(issueAccount(simulator, {}, KEY));
    assert.equal(simulator.books().length, 0);
    simulator.addFault({ kind: "delay_before", milliseconds: 20, path: PATH });
    assert.equal((await issueAccount(simulator, {}, KEY)).status, 200);
    assert.deepEqual(simulator.faults(), []);
  });
});

Deno.test("simulator §6 obeys the test code for virtual accounts", async () => {
  await withSimulator(async (simulator) => {
    const headers = { "tosspayments-test-code": "INVALID_BANK" };
    const refused = await issueAccount(simulator, {}, headers);
    assert.equal(refusal(refused), "400 INVALID_BANK");
    assert.equal(simulator.books().length, 0);
  });
});

Deno.test("simulator §12.10 aims a fault at an account's cancel", async () => {
  await withSimulator(async (simulator) => {
    const { paymentKey } = (await issueAccount(simulator)).json;
    const code = "FAILED_REFUND_PROCESS";
    simulator.addFault({ kind: "status_before", code, paymentKey });
    const failed = await cancel(simulator, paymentKey);
    assert.equal(refusal(failed), `500 ${code}`);
    assert.equal(simulator.books()[0]?.status, "WAITING_FOR_DEPOSIT");
    assert.equal((await cancel(simulator, paymentKey)).status, 200);
  });
});
