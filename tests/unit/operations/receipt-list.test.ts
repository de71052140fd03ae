import assert from "node:assert/strict";
import type { CashReceiptCancelOperation } from "../../../supabase/functions/_shared/database/cash-receipts.ts";
import { createLogger } from "../../../supabase/functions/_shared/logger.ts";
import type { OperationContext } from "../../../supabase/functions/_shared/operations/context.ts";
import { listReceipts } from "../../../supabase/functions/_shared/operations/receipt-list.ts";
import { createKeyring } from "../../../supabase/functions/_shared/security/encryption.ts";
import { createTossClients } from "../../../supabase/functions/_shared/toss/clients.ts";

const OPERATION: CashReceiptCancelOperation = {
  kind: "cash_receipt_cancel",
  operationId: "8f14e45f-ceea-4672-a9a1-2b6d1e5c0a11",
  idempotencyKey: "cash_receipt_cancel-1",
  keyGeneration: 1,
  keyAgeSeconds: 200,
  refusedWith: null,
  leaseToken: "lease",
  keyIsFresh: true,
  attempts: 2,
  ageSeconds: 200,
  // 15:01 UTC is a minute past midnight in Seoul.
  createdAt: "2026-11-21T15:01:00Z",
  askedAt: "2026-11-22T15:30:00Z",
  orderId: "order-0001",
  paymentKey: "payment-1",
  amount: 1000,
  receiptKey: "cr_1",
  isWhole: false,
  tossKeys: "main",
  tossClientKey: null,
};

const PAIR = { secretKey: "test_sk_1", clientKey: "test_ck_1" };

type Page = { data: unknown; hasNext?: unknown; lastCursor?: unknown };

/** Toss with these pages by day and cursor; keeps what it was asked. */
function contextWith(pages: Record<string, Page>) {
  const asked: string[] = [];
  const logger = createLogger({ sink: () => {} });
  const context: OperationContext = {
    database: { call: () => Promise.reject(new Error("not here")) },
    firstCall: { call: () => Promise.reject(new Error("not here")) },
    toss: createTossClients({ main: PAIR, widget: null, billing: null }, {
      baseUrl: "http://toss.invalid",
      timeoutMs: 1000,
      fetch: (input) => {
        const { searchParams } = new URL(new Request(input).url);
        const name = [
          searchParams.get("requestDate"),
          searchParams.get("cursor"),
        ].filter((part) => part !== null).join(" ");
        asked.push(name);
        const page = pages[name] ?? { data: [], hasNext: false };
        return Promise.resolve(Response.json(page));
      },
    }, () => Promise.resolve(null)),
    logger,
    source: "worker",
    requestId: "request-1",
    random: () => 0,
    keyring: createKeyring(JSON.stringify({ one: btoa("k".repeat(32)) })),
    dunning: { scheduleDays: [1], finalAction: "cancel" },
    leaseSeconds: 65,
    mode: "test",
    depositHours: { user: 72, guest: 24 },
  };
  return { context, asked };
}

function receipt(receiptKey: string, orderId = OPERATION.orderId) {
  return {
    receiptKey,
    orderId,
    amount: 1000,
    transactionType: "CANCEL",
    issueStatus: "COMPLETED",
    customerIdentityNumber: "01012345678",
    requestedAt: "2026-11-22T00:01:00+09:00",
  };
}

Deno.test("listReceipts() reads every day since the request was begun, by cursor, and keeps its order's", async () => {
  const { context, asked } = contextWith({
    "2026-11-21": { data: [receipt("cr_0", "another")], hasNext: false },
    "2026-11-22": { data: [receipt("cr_1")], hasNext: true, lastCursor: 7 },
    "2026-11-22 7": { data: [receipt("cr_2")], hasNext: true, lastCursor: "8" },
    "2026-11-22 8": { data: [receipt("cr_3")], hasNext: false },
  });
  const listed = await listReceipts(context, OPERATION);
  assert.ok(listed.kind === "listed");
  assert.deepEqual(listed.entries.map(({ receiptKey }) => receiptKey), [
    "cr_1",
    "cr_2",
    "cr_3",
  ]);
  // Begun a minute past midnight: Toss's clock may have been in the day before.
  assert.deepEqual(asked, [
    "2026-11-21",
    "2026-11-22",
    "2026-11-22 7",
    "2026-11-22 8",
    "2026-11-23",
  ]);
  assert.ok(!JSON.stringify(listed).includes("01012345678"));
});

const INCOMPLETE: [string, Record<string, Page>][] = [
  ["a cursor that does not move", {
    "2026-11-22": { data: [], hasNext: true, lastCursor: 7 },
    "2026-11-22 7": { data: [], hasNext: true, lastCursor: 7 },
  }],
  ["no cursor where there is more", {
    "2026-11-22": { data: [], hasNext: true, lastCursor: null },
  }],
  ["an entry without a key", { "2026-11-22": { data: [{ amount: 1 }] } }],
  ["no list", { "2026-11-22": { data: "none" } }],
];

for (const [what, pages] of INCOMPLETE) {
  Deno.test(`listReceipts() concludes nothing from ${what}`, async () => {
    const { context } = contextWith(pages);
    const listed = await listReceipts(context, OPERATION);
    assert.equal(listed.kind, "unlisted");
  });
}
