import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { inflateSync } from "node:zlib";
import { createKeyring } from "../../../supabase/functions/_shared/security/encryption.ts";
import {
  buy,
  checkout,
  confirm,
  ONE_STICKER,
  startPurchase,
} from "../../support/buy.ts";
import { callFunction } from "../../support/call-function.ts";
import { makeOperationDue, orderRow } from "../../support/database.ts";
import type { Shop } from "../../support/shop.ts";
import { tablesWith } from "../../support/secret-scan.ts";
import { shopTests } from "../../support/shop-test.ts";
import { signUp } from "../../../stack/users.ts";
import {
  deliverWebhook,
  settleWebhooks,
  statusChanged,
} from "../../support/webhooks.ts";

const logs: string[] = [];
const test = shopTests({ log: (line) => logs.push(line) });

/** What must stand nowhere in clear. */
const SECRETS = {
  paymentSecret: "ps_GePWvyJnrKbdKaKWQ7DrgLzN97Eo",
  depositSecret: "ps_5mBZ1gQ4YVXoQeLGwvLVl2KPoqNb",
  billingKey: "Z_t5vOvQxrj4499PeiJcjen28-V2RyqgYTwN44Rdzk0=",
  authKey: "e_826EDB0730790E96F116FFF3799A65DE",
  cardNumber: "9410001234567890",
  otherCardNumber: "4330-1234-5678-9018",
  accountNumber: "X6505636518308",
  refundAccount: "110-413-789012",
  holderName: "박은닉",
  phone: "01098765432",
};

/** A purchase whose payment carries a `secret` in every answer of Toss, as virtual accounts and live cards do. */
async function buyWithSecret(shop: Shop) {
  const user = await signUp(shop);
  const purchase = await startPurchase(shop, ONE_STICKER, user.accessToken);
  shop.simulator.addFault({
    kind: "wrong_answer",
    count: "always",
    patch: {
      secret: SECRETS.paymentSecret,
      card: { number: SECRETS.cardNumber, issuerCode: "11" },
      mobilePhone: { customerMobilePhone: SECRETS.phone },
    },
  });
  assert.equal((await confirm(shop, purchase)).status, 200);
  await settleWebhooks(shop);
  return { user, purchase };
}

const WEBHOOKS: [string, Record<string, unknown>][] = [
  ["a deposit", {
    createdAt: "2026-11-21T11:42:34.466",
    secret: SECRETS.depositSecret,
    status: "DONE",
    transactionKey: "txrd-deposit",
    orderId: "order-deposit",
  }],
  ["a deleted billing key", {
    eventType: "BILLING_DELETED",
    createdAt: "2026-11-21T11:42:34.466",
    data: { billingKey: SECRETS.billingKey, authKey: SECRETS.authKey },
  }],
  [
    "a payment with everything",
    statusChanged({
      orderId: "order-everything",
      paymentKey: "payment-everything",
      secret: SECRETS.paymentSecret,
      card: { number: SECRETS.cardNumber },
      virtualAccount: {
        accountNumber: SECRETS.accountNumber,
        refundReceiveAccount: {
          bankCode: "88",
          accountNumber: SECRETS.refundAccount,
          holderName: SECRETS.holderName,
        },
      },
      mobilePhone: { customerMobilePhone: SECRETS.phone },
      memo: `paid with ${SECRETS.otherCardNumber}`,
    }),
  ],
  ["an event nobody knows", {
    eventType: "card.stored",
    nested: [{ deep: { cardNumber: SECRETS.cardNumber } }],
    data: {
      note: `card ${SECRETS.cardNumber}`,
      billing_key: SECRETS.billingKey,
    },
  }],
];

test("no table holds a secret of a purchase or of a webhook in clear", async (shop) => {
  const { purchase } = await buyWithSecret(shop);
  for (const [what, body] of WEBHOOKS) {
    const { status } = await deliverWebhook(shop, body);
    assert.equal(status, 200, what);
  }
  await settleWebhooks(shop);

  // The scan can find: what may be read, it reads.
  const seen = await tablesWith(shop, purchase.paymentKey);
  assert.ok(seen.includes("public.payments"));
  assert.ok(seen.includes("public.webhook_events"));
  for (const [name, value] of Object.entries(SECRETS)) {
    assert.deepEqual(await tablesWith(shop, value), [], name);
  }
});

test("no table holds a key of the project", async (shop) => {
  await buyWithSecret(shop);
  const { stack } = shop;
  const keys = {
    secretKey: stack.secretKey,
    cronSecret: stack.cronSecret,
    tossSecretKey: stack.projectVariables.TOSS_SECRET_KEY ?? "",
    encryptionKey: Object.values<string>(
      JSON.parse(stack.projectVariables.BILLING_KEY_ENCRYPTION_KEYS ?? "{}"),
    )[0] ?? "",
  };

  for (const [name, key] of Object.entries(keys)) {
    assert.ok(key.length > 10, name);
    assert.deepEqual(await tablesWith(shop, key), [], name);
  }
});

test("the stored payload shows that something was there, and everything that is no secret", async (shop) => {
  const [, body] = WEBHOOKS[0] ?? [];
  const { body: answer } = await deliverWebhook(shop, { ...body, copy: 1 });

  const [row] = await shop.stack.sql<{ payload: Record<string, unknown> }[]>`
    select payload from public.webhook_events where id = ${
    String(answer.eventId)
  }`;
  const { secret, ...rest } = row?.payload ?? {};
  assert.equal(typeof secret, "string");
  assert.notEqual(secret, SECRETS.depositSecret);
  assert.equal(rest.orderId, "order-deposit");
  assert.equal(rest.status, "DONE");
  assert.equal(rest.transactionKey, "txrd-deposit");
});

test("the raw body can be opened with the project's key, for its own row only", async (shop) => {
  const { orderId, paymentKey } = await buy(shop);
  const sent = statusChanged({ orderId, paymentKey, copy: 2 });
  const { body: answer } = await deliverWebhook(shop, sent);
  const [row] = await shop.stack.sql<
    { key_id: string; ciphertext: Uint8Array; dedupe_key: string }[]
  >`
    select b.key_id, b.ciphertext, e.dedupe_key
    from toss_private.webhook_bodies as b
    join public.webhook_events as e on e.id = b.webhook_event_id
    where e.id = ${String(answer.eventId)}`;
  assert.ok(row);
  const keyring = createKeyring(
    shop.stack.projectVariables.BILLING_KEY_ENCRYPTION_KEYS ?? "",
  );
  const ciphertext = Buffer.from(row.ciphertext).toString("base64");
  const encrypted = { keyId: row.key_id, ciphertext };

  const opened = inflateSync(
    await keyring.decryptBytes(encrypted, row.dedupe_key),
  ).toString();

  assert.deepEqual(JSON.parse(opened), JSON.parse(JSON.stringify(sent)));
  await assert.rejects(keyring.decrypt(encrypted, "body:another-row"));
});

test("no answer of confirm carries the payment's secret", async (shop) => {
  const { purchase } = await buyWithSecret(shop);

  const { body } = await confirm(shop, purchase);

  const text = JSON.stringify(body);
  for (const [name, value] of Object.entries(SECRETS)) {
    assert.ok(!text.includes(value), name);
  }
});

test("the logs name what happened and hold no secret, key or token", async (shop) => {
  logs.length = 0;
  const { stack, simulator } = shop;
  const { user, purchase } = await buyWithSecret(shop);
  for (const [, body] of WEBHOOKS) {
    await deliverWebhook(shop, { ...body, copy: 3 });
  }
  await settleWebhooks(shop);
  // Everything that goes wrong is logged too.
  await confirm(shop, {
    ...purchase,
    amount: 1,
    secret: SECRETS.paymentSecret,
  });
  await callFunction(shop, "confirm", {
    body: `{"secret":"${SECRETS.paymentSecret}"`,
  });
  await checkout(shop, { planId: "no-such" }, `${user.accessToken}x`);
  simulator.clearFaults();
  const failing = await startPurchase(shop, ONE_STICKER, user.accessToken);
  simulator.addFault({ kind: "garbage" });
  await confirm(shop, failing);
  await callFunction(shop, "health", {
    method: "GET",
    headers: {
      apikey: stack.secretKey,
      authorization: `Bearer ${stack.cronSecret}`,
    },
  });
  await settleWebhooks(shop);
  if ((await orderRow(shop, failing.orderId)).status === "pending") {
    await makeOperationDue(shop, failing.orderId);
    await confirm(shop, failing);
  }

  const text = logs.join("\n");
  assert.ok(text.includes('"event":"request"'), "the functions do log");
  assert.ok(text.includes('"event":"toss_request"'));
  const keys = {
    secretKey: stack.secretKey,
    cronSecret: stack.cronSecret,
    tossSecretKey: stack.projectVariables.TOSS_SECRET_KEY ?? "",
    basicToken: btoa(`${stack.projectVariables.TOSS_SECRET_KEY}:`),
    accessToken: user.accessToken,
  };
  for (const [name, value] of Object.entries({ ...SECRETS, ...keys })) {
    assert.ok(value.length >= 3 && !text.includes(value), name);
  }
});
