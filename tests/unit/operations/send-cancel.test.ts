import assert from "node:assert/strict";
import type { Database } from "../../../supabase/functions/_shared/database/client.ts";
import type { CancelOperation } from "../../../supabase/functions/_shared/database/cancel.ts";
import { createLogger } from "../../../supabase/functions/_shared/logger.ts";
import type { OperationContext } from "../../../supabase/functions/_shared/operations/context.ts";
import { sealRefundAccount } from "../../../supabase/functions/_shared/operations/cancel/refund-account.ts";
import { sendCancel } from "../../../supabase/functions/_shared/operations/cancel/send.ts";
import { createKeyring } from "../../../supabase/functions/_shared/security/encryption.ts";
import { createTossClients } from "../../../supabase/functions/_shared/toss/clients.ts";

const KEY = btoa("k".repeat(32));
const keyring = createKeyring(JSON.stringify({ "2026": KEY }));

const OPERATION: CancelOperation = {
  kind: "cancel",
  tossKeys: "main",
  tossClientKey: null,
  operationId: "8f14e45f-ceea-4672-a9a1-2b6d1e5c0a11",
  idempotencyKey: "cancel-8f14e45f-ceea-4672-a9a1-2b6d1e5c0a11-1",
  keyGeneration: 1,
  keyAgeSeconds: 0,
  refusedWith: null,
  leaseToken: "lease",
  keyIsFresh: true,
  attempts: 1,
  ageSeconds: 0,
  askedAt: "2026-11-21T10:00:00Z",
  orderId: "order-0001",
  paymentKey: "payment-1",
  amount: 1000,
  currency: "KRW",
  reason: "고객 변심",
  isAll: false,
  refundableAmount: 3000,
  taxFreeAmount: 0,
  secret: null,
};

interface Sent {
  body: unknown;
  idempotencyKey: string | null;
}

/** A context whose Toss loses every answer and remembers what it was sent. */
function contextWith(sent: Sent[], calls: string[] = []): OperationContext {
  const database: Database = {
    call(name, _request, schema) {
      calls.push(name);
      return Promise.resolve(schema.parse({ outcome: "unknown" }));
    },
  };
  const pair = {
    secretKey: "test_sk_of_nobody",
    clientKey: "test_ck_of_nobody",
  };
  const toss = createTossClients({ main: pair, widget: null, billing: null }, {
    baseUrl: "http://toss.invalid",
    timeoutMs: 1000,
    fetch: async (input) => {
      assert.ok(input instanceof Request);
      sent.push({
        body: await input.json(),
        idempotencyKey: input.headers.get("idempotency-key"),
      });
      throw new TypeError("connection reset");
    },
  }, () => Promise.resolve(null));
  return {
    database,
    firstCall: database,
    toss,
    keyring,
    logger: createLogger({ sink: () => {} }),
    source: "cancel",
    requestId: "request",
    dunning: { scheduleDays: [1], finalAction: "cancel" },
    leaseSeconds: 65,
    mode: "test",
    depositHours: { user: 72, guest: 24 },
    random: () => 0.5,
  };
}

async function sentFor(changes: Partial<CancelOperation>): Promise<Sent[]> {
  const sent: Sent[] = [];
  const outcome = await sendCancel(contextWith(sent), {
    ...OPERATION,
    ...changes,
  });
  assert.deepEqual(outcome, { kind: "processing" });
  return sent;
}

Deno.test("sendCancel() says how much, of what, and under the row's key", async () => {
  assert.deepEqual(await sentFor({}), [{
    body: {
      cancelReason: "고객 변심",
      cancelAmount: 1000,
      refundableAmount: 3000,
    },
    idempotencyKey: OPERATION.idempotencyKey,
  }]);
});

Deno.test("sendCancel() names no amount for a whole payment", async () => {
  const [sent] = await sentFor({ isAll: true, amount: 3000 });
  assert.deepEqual(sent?.body, {
    cancelReason: "고객 변심",
    refundableAmount: 3000,
  });
});

Deno.test("sendCancel() carries the tax-free part", async () => {
  const [sent] = await sentFor({ taxFreeAmount: 400 });
  assert.deepEqual(sent?.body, {
    cancelReason: "고객 변심",
    cancelAmount: 1000,
    refundableAmount: 3000,
    taxFreeAmount: 400,
  });
});

Deno.test("sendCancel() opens the refund account for Toss alone", async () => {
  const account = { bank: "88", accountNumber: "1104", holderName: "박은닉" };
  const { operationId } = OPERATION;
  const secret = await sealRefundAccount(keyring, account, operationId);
  const [sent] = await sentFor({ secret });
  assert.deepEqual(sent?.body, {
    cancelReason: "고객 변심",
    cancelAmount: 1000,
    refundableAmount: 3000,
    refundReceiveAccount: account,
  });
});

Deno.test("sendCancel() sends nothing when the refund account's key is gone", async () => {
  const other = createKeyring(JSON.stringify({ "2020": KEY }));
  const account = { bank: "88", accountNumber: "1104", holderName: "박은닉" };
  const { operationId } = OPERATION;
  const secret = await sealRefundAccount(other, account, operationId);
  const sent: Sent[] = [];
  const calls: string[] = [];

  const outcome = await sendCancel(contextWith(sent, calls), {
    ...OPERATION,
    secret,
  });

  assert.deepEqual(outcome, { kind: "processing" });
  assert.deepEqual(sent, []);
  assert.deepEqual(calls, ["postpone_operation"]);
});
