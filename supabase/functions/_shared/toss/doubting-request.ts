import { z } from "zod";
import type { TossUnknown } from "./outcome.ts";
import { pathSegment } from "./path-segment.ts";
import type { TossLogger, TossRequest } from "./request.ts";

/** A paymentKey that Toss must know under the key that is being doubted; null when there is none. */
export type Witness = () => Promise<string | null>;

/** The code under which something waits because its pair was exchanged for one of another merchant id. */
export const KEYS_CHANGED = "TOSS_KEYS_CHANGED";

/**
 * Calls that any merchant's key answers: they begin something new, or list
 * what there is. To a merchant that may be another one they are not sent.
 */
const FREE_OF_SUBJECT = new Set([
  "issue_virtual_account",
  "issue_cash_receipt",
  "list_cash_receipts",
  "list_transactions",
]);

/**
 * Asks Toss with a pair that stands where another one stood when the thing
 * asked about was made.
 *
 * A new key of the same merchant id sees what the old one saw, one of another
 * merchant id sees nothing: to it Toss says that there is no such payment or
 * billing key. So Toss's yes counts, and its no counts only once it knows a
 * payment that the earlier key made. Without such a payment nobody can tell.
 */
export function doubtingRequest(
  request: TossRequest,
  witness: Witness,
  logger: TossLogger | undefined,
): TossRequest {
  let known: Promise<boolean> | undefined;
  const isSameMerchant = async (): Promise<boolean> => {
    const paymentKey = await witness();
    if (paymentKey === null) return false;
    const read = await request({
      operation: "get_known_payment",
      method: "GET",
      path: `/v1/payments/${pathSegment(paymentKey)}`,
      schema: z.looseObject({ paymentKey: z.literal(paymentKey) }),
    });
    return read.kind === "answered";
  };
  const judge = () =>
    known ??= isSameMerchant().catch((error: unknown) => {
      known = undefined;
      throw error;
    });

  return async (call) => {
    if (FREE_OF_SUBJECT.has(call.operation) && !await judge()) {
      logger?.error("toss_keys_changed", { operation: call.operation });
      return unproven();
    }
    const outcome = await request(call);
    if (outcome.kind !== "refused" || await judge()) return outcome;
    logger?.error("toss_keys_changed", {
      operation: call.operation,
      tossCode: outcome.code,
    });
    return unproven(outcome.code);
  };
}

function unproven(code?: string): TossUnknown {
  return {
    kind: "unknown",
    reason: "keys_changed",
    code: KEYS_CHANGED,
    // Whatever the merchant that this was made for would say is still to be had under the same Idempotency-Key.
    answered: false,
    message: "The key pair was exchanged since this was made, and nothing " +
      "shows that the new one is of the same merchant id" +
      (code === undefined ? "." : `, so ${code} proves nothing.`),
    traceId: null,
  };
}
