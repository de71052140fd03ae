import assert from "node:assert/strict";
import { settlementEntry } from "../../../supabase/functions/_shared/reconciliation/settlement-entry.ts";
import { createTossSettlements } from "../../../supabase/functions/_shared/toss/settlements.ts";
import type { TossRequest } from "../../../supabase/functions/_shared/toss/request.ts";

const ROW = {
  mId: "shop",
  paymentKey: "pay_1",
  transactionKey: "tx_1",
  orderId: "order-1",
  currency: "KRW",
  method: "카드",
  amount: 10_000,
  interestFee: 0,
  fees: [{ type: "BASE", fee: 300 }, { type: "ETC", fee: 30 }],
  supplyAmount: 300,
  vat: 30,
  payOutAmount: 9_670,
  approvedAt: "2026-11-26T10:00:00+09:00",
  soldDate: "2026-11-26",
  paidOutDate: "2026-12-02",
  cancel: null,
};

/** Reads a list as the client does; null when its form is not understood. */
async function entries(rows: unknown[]) {
  let read: unknown;
  const request = ((call: { schema: { safeParse(raw: unknown): unknown } }) => {
    read = call.schema.safeParse(rows);
    return Promise.resolve({ kind: "unknown", reason: "unreadable" });
  }) as unknown as TossRequest;
  await createTossSettlements(request)
    .listSettlements({ from: "2026-11-26", to: "2026-11-26", page: 1 });
  const parsed = read as {
    success: boolean;
    data: Parameters<typeof settlementEntry>[0][];
  };
  return parsed.success ? parsed.data.map(settlementEntry) : null;
}

Deno.test("a settlement keeps the fee without its VAT, from whichever field tells it", async () => {
  const { supplyAmount: _, ...withFees } = ROW;
  const { fees: __, ...bare } = withFees;
  for (const row of [ROW, withFees, bare]) {
    const [entry] = await entries([row]) ?? [];
    assert.deepEqual(
      [entry?.amount, entry?.fee, entry?.feeVat, entry?.payOutAmount],
      [10_000, 300, 30, 9_670],
    );
  }
});

Deno.test("a refund is negative whatever sign Toss gives it", async () => {
  const positive = { ...ROW, cancel: { cancelAmount: 10_000 } };
  const negative = {
    ...positive,
    ...{ amount: -10_000, supplyAmount: -300, vat: -30, payOutAmount: -9_670 },
  };
  for (const row of [positive, negative]) {
    const [entry] = await entries([row]) ?? [];
    assert.deepEqual(
      [entry?.amount, entry?.fee, entry?.feeVat, entry?.payOutAmount],
      [-10_000, -300, -30, -9_670],
    );
  }
});

Deno.test("what only informs may be missing or odd; without keys, amounts and day a page is unread", async () => {
  const odd = {
    ...{ ...ROW, mId: 7, method: null, approvedAt: "soon" },
    ...{ paidOutDate: "later", cancel: undefined, currency: undefined },
  };
  const [entry] = await entries([odd]) ?? [];
  assert.deepEqual(
    [entry?.mId, entry?.method, entry?.approvedAt, entry?.paidOutDate],
    [null, null, null, null],
  );
  const dollars = { currency: "USD", amount: 12.5, payOutAmount: 12.1 };
  assert.deepEqual(await entries([{ ...ROW, ...dollars }]), [null]);
  assert.equal(await entries([{ ...ROW, amount: 12.5 }]), null);
  for (
    const name of [
      "paymentKey",
      "transactionKey",
      "amount",
      "payOutAmount",
      "soldDate",
    ]
  ) {
    assert.equal(await entries([{ ...ROW, [name]: null }]), null, name);
  }
});
