/** A Toss Payment as JSON, with the given fields changed. */
export function paymentJson(
  changes: Record<string, unknown> = {},
): Record<string, unknown> {
  return {
    version: "2022-11-16",
    paymentKey: "pay_20260102030405abcde",
    type: "NORMAL",
    orderId: "order_000001",
    orderName: "첫 상품 외 1건",
    mId: "tvivarepublica",
    currency: "KRW",
    method: "카드",
    totalAmount: 15_000,
    balanceAmount: 15_000,
    status: "DONE",
    requestedAt: "2026-01-02T03:04:05+09:00",
    approvedAt: "2026-01-02T03:05:00+09:00",
    lastTransactionKey: "txrd_1",
    cancels: null,
    secret: null,
    ...changes,
  };
}
