/**
 * The tax-free part of a request to Toss, KRW; nothing when all of it is taxed, which is what Toss takes for granted.
 *
 * Source: core API reference, taxFreeAmount. Sent with a confirm it would be dropped: a page sends it with the
 * payment's request.
 */
export function taxFreePart(
  { taxFreeAmount }: { taxFreeAmount: number },
): { taxFreeAmount?: number } {
  return taxFreeAmount > 0 ? { taxFreeAmount } : {};
}
