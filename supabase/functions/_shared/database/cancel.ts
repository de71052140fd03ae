import { z } from "zod";
import type { ApplyPaymentRequest } from "./apply-payment.ts";
import type { Database } from "./client.ts";
import {
  type EndRequest,
  leased,
  type LeaseRequest,
  type RefusalRequest,
} from "./lease.ts";

/** What cancel answers for a payment; amounts in the minor unit, of everything cancelled so far. */
export const cancelView = z.object({
  status: z.enum(["partially_refunded", "refunded", "canceled"]),
  orderId: z.string(),
  paymentKey: z.string(),
  canceledAmount: z.number().int(),
  balanceAmount: z.number().int(),
  cancels: z.array(z.object({
    transactionKey: z.string(),
    amount: z.number().int(),
    reason: z.string().nullable(),
    canceledAt: z.string().nullable(),
  })),
});

/** A payment and its cancels, as whoever cancels sees them. */
export type CancelView = z.output<typeof cancelView>;

/** A leased cancel: what its current Idempotency-Key stands for. */
export const cancelOperation = z.object({
  ...leased,
  kind: z.literal("cancel"),
  orderId: z.string(),
  paymentKey: z.string(),
  amount: z.number().int(),
  currency: z.string(),
  reason: z.string(),
  /** Whether all of a payment is cancelled of which nothing was cancelled before. */
  isAll: z.boolean(),
  /** What is left before the cancel, minor unit. */
  refundableAmount: z.number().int(),
  taxFreeAmount: z.number().int(),
  /** The refund account, encrypted for this operation. */
  secret: z.object({ keyId: z.string(), ciphertext: z.string() }).nullable(),
});

/** Money of one payment that Toss is to give back. */
export type CancelOperation = z.output<typeof cancelOperation>;

/** What every way of beginning a cancel answers. */
export const cancelBeginning = z.discriminatedUnion("outcome", [
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
  z.object({ outcome: z.literal("partial_not_possible") }),
  z.object({ outcome: z.literal("payment_of_another_order") }),
  z.object({ outcome: z.literal("payment_not_found") }),
  z.object({ outcome: z.literal("order_not_found") }),
  z.object({ outcome: z.literal("forbidden") }),
]);

/** What `begin_cancel` answers. */
export type BeginCancelAnswer = z.output<typeof cancelBeginning>;

/** Refusals that were decided in our own database; Toss was not asked. */
export type LocalCancelRefusal = Exclude<
  BeginCancelAnswer,
  {
    outcome:
      | "proceed"
      | "resolve"
      | "processing"
      | "succeeded"
      | "given_up"
      | "rejected";
  }
>;

/** A cancel as its caller wants it, and who may act on it for how long. Amounts in the minor unit. */
export interface BeginCancelRequest extends LeaseRequest {
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
  /** Stands in the audit log; `requestId` is the caller's. */
  logRequestId: string;
}

/** Decides under the order's lock what a cancel may do; see the comment on `public.begin_cancel`. */
export function beginCancel(
  database: Database,
  request: BeginCancelRequest,
): Promise<BeginCancelAnswer> {
  return database.call("begin_cancel", { ...request }, cancelBeginning);
}

const succeeded = z.object({
  outcome: z.literal("succeeded"),
  cancel: cancelView,
});
const rejected = z.object({
  outcome: z.literal("rejected"),
  errorCode: z.string(),
});
const unknown = z.object({ outcome: z.literal("unknown") });

const settlement = z.discriminatedUnion("outcome", [
  succeeded,
  rejected,
  unknown,
  z.object({ outcome: z.literal("send"), operation: cancelOperation }),
]);

/** What `settle_cancel` answers. */
export type SettleCancelAnswer = z.output<typeof settlement>;

/** An answer of Toss, and what it says about a cancel. */
export interface SettleCancelRequest extends ApplyPaymentRequest, EndRequest {
  operationId: string;
  /**
   * `answered`: Toss's answer to the cancel itself. `read`: the payment, asked for because the cancel's outcome is
   * unknown. `seen`: the same, when somebody else's is as likely. `refused`: the payment, asked for after Toss had
   * refused the cancel's only attempt.
   */
  proof: "answered" | "read" | "seen" | "refused";
  /** True when Toss has answered under the current Idempotency-Key. */
  keyIsSpent: boolean;
}

/** Applies an answer of Toss and says how a cancel stands; see the comment on `public.settle_cancel`. */
export function settleCancel(
  database: Database,
  request: SettleCancelRequest,
): Promise<SettleCancelAnswer> {
  return database.call("settle_cancel", { ...request }, settlement);
}

const rejection = z.discriminatedUnion("outcome", [
  succeeded,
  rejected,
  unknown,
]);

/** What `reject_cancel` answers. */
export type RejectCancelAnswer = z.output<typeof rejection>;

/** Ends a cancel on Toss's refusal; see the comment on `public.reject_cancel`. */
export function rejectCancel(
  database: Database,
  request: RefusalRequest,
): Promise<RejectCancelAnswer> {
  return database.call("reject_cancel", { ...request }, rejection);
}
