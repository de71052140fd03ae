import { z } from "zod";
import { cancelView } from "./cancel-view.ts";
import type { Database } from "./client.ts";
import { cancelOperation } from "./operation.ts";

const answer = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("proceed"), operation: cancelOperation }),
  z.object({ outcome: z.literal("resolve"), operation: cancelOperation }),
  z.object({ outcome: z.literal("processing"), orderId: z.string() }),
  z.object({ outcome: z.literal("succeeded"), cancel: cancelView }),
  z.object({ outcome: z.literal("given_up"), orderId: z.string() }),
  z.object({ outcome: z.literal("operation_in_progress") }),
  z.object({
    outcome: z.literal("rejected"),
    errorCode: z.string(),
    errorMessage: z.string().nullish(),
  }),
  z.object({
    outcome: z.literal("exceeds_balance"),
    availableAmount: z.number().int(),
  }),
  z.object({
    outcome: z.literal("tax_free_amount_out_of_range"),
    leastAmount: z.number().int(),
    greatestAmount: z.number().int(),
  }),
  z.object({ outcome: z.literal("request_differs") }),
  z.object({ outcome: z.literal("account_required") }),
  z.object({ outcome: z.literal("account_not_taken") }),
  z.object({ outcome: z.literal("partial_before_deposit") }),
  z.object({ outcome: z.literal("payment_of_another_order") }),
  z.object({ outcome: z.literal("payment_not_found") }),
  z.object({ outcome: z.literal("order_not_found") }),
  z.object({ outcome: z.literal("forbidden") }),
]);

/** What `begin_cancel` answers. */
export type BeginCancelAnswer = z.output<typeof answer>;

/** A cancel as its caller wants it, and who may act on it for how long. Amounts in the minor unit. */
export interface BeginCancelRequest {
  orderId?: string | undefined;
  paymentKey?: string | undefined;
  cancelReason: string;
  /** Absent = everything left. */
  cancelAmount?: number | undefined;
  taxFreeAmount?: number | undefined;
  /** The caller's idempotency token. */
  requestId: string;
  /**
   * Digests of everything asked for, the active key's first; any of them recognises the request. Absent = goes on
   * with a cancel that the database itself has begun.
   */
  requestDigests?: string[];
  /** The order's amount, which a guest's page holds. */
  amount?: number | undefined;
  /** `operator`, `guest`, or the user's id. */
  requestedBy: string;
  /** The refund account, encrypted with `operationId` as associated data. */
  secret?: { keyId: string; ciphertext: string } | undefined;
  /** The id of the operation, should this request begin one. */
  operationId: string;
  leaseToken: string;
  leaseSeconds: number;
  mode: "test" | "live";
  logRequestId: string;
}

/** Decides under the order's lock what a cancel may do; see the comment on `public.begin_cancel`. */
export function beginCancel(
  database: Database,
  request: BeginCancelRequest,
): Promise<BeginCancelAnswer> {
  return database.call("begin_cancel", { ...request }, answer);
}
