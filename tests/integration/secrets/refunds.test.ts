import assert from "node:assert/strict";
import {
  createKeyring,
  DecryptionError,
} from "../../../supabase/functions/_shared/security/encryption.ts";
import { sha256Hex } from "../../../supabase/functions/_shared/security/sha256.ts";
import { cancel, newRequestId } from "../../support/cancel.ts";
import { paidByTransfer } from "../../support/issue-account.ts";
import { tablesWith } from "../../support/secret-scan.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { settleWebhooks } from "../../support/webhooks.ts";
import { moveDatabaseClock, work } from "../../support/worker.ts";

const logs: string[] = [];
const test = shopTests({ log: (line) => logs.push(line) });

const ACCOUNT = {
  bank: "88",
  accountNumber: "31415926535897",
  holderName: "은닉된예금주",
};

/** Neither the account number nor its holder stands in any table or log line. */
async function assertNowhere(shop: Shop): Promise<void> {
  const { accountNumber, holderName } = ACCOUNT;
  for (const value of [accountNumber, holderName]) {
    assert.deepEqual(await tablesWith(shop, value), [], value);
    assert.ok(!logs.join("\n").includes(value), `${value} was logged`);
  }
}

async function secretRows({ stack }: Shop) {
  return [
    ...await stack.sql<
      { operation_id: string; key_id: string; ciphertext: string }[]
    >`select * from toss_private.operation_secrets`,
  ];
}

test("a refund account stands in no table and no log line, while its cancel is open and after", async (shop) => {
  const { paymentKey, orderId } = await paidByTransfer(shop);
  shop.simulator.addFault({
    kind: "lose_answer_before",
    pathPattern: "/cancel$",
    count: "always",
  });
  const body = {
    orderId,
    cancelAmount: 1000,
    refundReceiveAccount: ACCOUNT,
    requestId: newRequestId(),
  };
  assert.equal((await cancel(shop, body)).status, 202);
  const [secret] = await secretRows(shop);
  assert.ok(secret, "the account waits for the worker, encrypted");
  assert.ok((await tablesWith(shop, secret.ciphertext)).length > 0);
  await assertNowhere(shop);

  shop.simulator.clearFaults();
  await moveDatabaseClock(shop, 3);
  await work(shop, "operations");
  await settleWebhooks(shop);

  assert.equal((await cancel(shop, body)).status, 200);
  assert.deepEqual(await secretRows(shop), []);
  const [delivery] = shop.simulator.deliveries()
    .filter(({ body }) => JSON.stringify(body).includes(ACCOUNT.holderName));
  assert.ok(delivery, "Toss's webhook tells the account");
  assert.ok((await tablesWith(shop, paymentKey)).length > 0);
  await assertNowhere(shop);
});

test("a refused refund account stands nowhere either, whatever Toss's message says", async (shop) => {
  const { orderId } = await paidByTransfer(shop);
  shop.simulator.addFault({
    kind: "status_before",
    code: "INVALID_REFUND_ACCOUNT_INFO",
    message: `${ACCOUNT.accountNumber} ${ACCOUNT.holderName}`,
    pathPattern: "/cancel$",
  });

  const { status, body } = await cancel(shop, {
    orderId,
    refundReceiveAccount: ACCOUNT,
  });

  assert.equal(status, 402);
  assert.ok(!JSON.stringify(body).includes(ACCOUNT.accountNumber));
  assert.deepEqual(await secretRows(shop), []);
  await assertNowhere(shop);
});

test("what waits for the worker opens with the project's key, for its own operation only", async (shop) => {
  const { orderId } = await paidByTransfer(shop);
  shop.simulator.addFault({
    kind: "lose_answer_before",
    pathPattern: "/cancel$",
    count: "always",
  });
  await cancel(shop, { orderId, refundReceiveAccount: ACCOUNT });
  const [row] = await secretRows(shop);
  assert.ok(row);
  const keyring = createKeyring(
    shop.stack.projectVariables.BILLING_KEY_ENCRYPTION_KEYS ?? "",
  );
  const secret = { keyId: row.key_id, ciphertext: row.ciphertext };

  const opened = await keyring.decrypt(secret, row.operation_id);

  assert.deepEqual(JSON.parse(opened), ACCOUNT);
  await assert.rejects(
    keyring.decrypt(secret, crypto.randomUUID()),
    DecryptionError,
  );
  shop.simulator.clearFaults();
  await moveDatabaseClock(shop, 3);
  await work(shop, "operations");
});

test("the digest of a request cannot be guessed without the project's key", async (shop) => {
  const { orderId } = await paidByTransfer(shop);
  await cancel(shop, { orderId, refundReceiveAccount: ACCOUNT });
  const [row] = await shop.stack.sql<{ request_digest: string }[]>`
    select request_digest from public.operations where order_id = ${orderId} and kind = 'cancel'`;
  const { bank, accountNumber, holderName } = ACCOUNT;
  const canonical = JSON.stringify([
    "operator",
    "고객 변심",
    null,
    null,
    [bank, accountNumber, holderName],
  ]);
  const keyring = createKeyring(
    shop.stack.projectVariables.BILLING_KEY_ENCRYPTION_KEYS ?? "",
  );

  assert.notEqual(row?.request_digest, sha256Hex(canonical));
  assert.equal(row?.request_digest, keyring.digests(canonical)[0]);
});
