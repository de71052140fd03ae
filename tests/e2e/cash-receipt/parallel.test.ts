import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { signUp } from "../../../stack/users.ts";
import {
  dropReceipt,
  newReceiptRequest,
  paidByBank,
  receiptRows,
  receiptsAtToss,
  requestReceipt,
  workReceiptsOff,
} from "../../support/cash-receipts.ts";
import { placeOrder } from "../../support/buy.ts";
import {
  issuedBy,
  payIn,
  requestAccount,
} from "../../support/issue-account.ts";
import { tablesWith } from "../../support/secret-scan.ts";
import { shopTests } from "../../support/shop-test.ts";
import { settleWebhooks } from "../../support/webhooks.ts";

const lines: string[] = [];
const test = shopTests({
  environment: { TOSS_TIMEOUT_MS: "2000" },
  log: (line) => lines.push(line),
});

const ISSUE = { path: "/v1/cash-receipts", method: "POST" } as const;

for (const isOneToken of [true, false]) {
  const whose = isOneToken ? "one requestId" : "a requestId each";

  test(`20 parallel requests with ${whose} and lost answers make one receipt at Toss`, async (shop) => {
    const { accessToken } = await signUp(shop);
    const { orderId } = await paidByBank(shop, { accessToken });
    shop.simulator.addFault({
      ...ISSUE,
      kind: "lose_answer_after",
      count: "always",
    });
    const shared = newReceiptRequest();
    const asked = Promise.all(
      Array.from({ length: 20 }, () =>
        requestReceipt(shop, {
          orderId,
          requestId: isOneToken ? shared : newReceiptRequest(),
        }, accessToken)),
    );
    const answers = await asked;
    shop.simulator.clearFaults();
    for (const { status, body } of answers) {
      assert.ok(
        [201, 202].includes(status) ||
          (status === 409 &&
            ["cash_receipt_exists", "operation_in_progress"]
              .includes(String(body.code))),
        JSON.stringify(body),
      );
    }
    await workReceiptsOff(shop);
    assert.equal(receiptsAtToss(shop, orderId).length, 1);
    const [row, ...more] = await receiptRows(shop, orderId);
    assert.deepEqual(more, []);
    if (isOneToken) {
      const told = await requestReceipt(
        shop,
        { orderId, requestId: shared },
        accessToken,
      );
      assert.equal(told.body.receiptKey, row?.receipt_key);
    }
  });
}

test("no identity number is in any table, log line or answer, while it is asked for and afterwards", async (shop) => {
  const phone = "01077778888";
  const company = "9988776655";
  const registered = "01055556666";
  const answers: string[] = [];
  const keep = <Answer extends { body: unknown }>(answer: Answer): Answer => {
    answers.push(JSON.stringify(answer.body));
    return answer;
  };
  const { orderId } = await paidByBank(shop);
  shop.simulator.addFault({
    ...ISSUE,
    kind: "lose_answer_before",
    count: "always",
  });
  keep(await requestReceipt(shop, { orderId, customerIdentityNumber: phone }));
  const open = await tablesWith(shop, phone);
  shop.simulator.clearFaults();
  await workReceiptsOff(shop);

  const other = await paidByBank(shop);
  shop.simulator.addFault({
    ...ISSUE,
    kind: "answer",
    status: 400,
    code: "INVALID_NUMBER",
    message: `${company} is no number`,
    acts: "never",
  });
  keep(
    await requestReceipt(shop, {
      orderId: other.orderId,
      type: "지출증빙",
      customerIdentityNumber: company,
    }),
  );
  await workReceiptsOff(shop);
  keep(
    await requestReceipt(shop, {
      orderId: other.orderId,
      type: "지출증빙",
      customerIdentityNumber: company,
    }),
  );
  keep(await dropReceipt(shop, { orderId: other.orderId, amount: 100 }));

  const { orderId: waiting } = await placeOrder(shop);
  const account = keep(
    await requestAccount(shop, {
      orderId: waiting,
      cashReceipt: { type: "소득공제", registrationNumber: registered },
    }),
  );
  await payIn(shop, issuedBy(account).paymentKey);
  // Its webhook carries the receipt with the number, as Toss's do.
  await settleWebhooks(shop);
  assert.equal((await receiptRows(shop, waiting)).length, 1);

  assert.deepEqual(open, []);
  for (const number of [phone, company, registered]) {
    assert.deepEqual(await tablesWith(shop, number), []);
    const bytes = Buffer.from(number).toString("base64").replace(/=+$/, "");
    for (const text of [...lines, ...answers]) {
      assert.ok(!text.includes(number) && !text.includes(bytes), text);
    }
  }
  assert.ok(lines.length > 0, "no log line was read");
  const left = await shop.stack
    .sql`select 1 from toss_private.operation_secrets`;
  assert.deepEqual([...left], []);
});
