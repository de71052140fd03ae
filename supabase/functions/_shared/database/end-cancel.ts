import { z } from "zod";
import type { ApplyPaymentRequest, PaymentSource } from "./apply-payment.ts";
import { cancelView } from "./cancel-view.ts";
import type { Database } from "./client.ts";
import { cancelOperation } from "./operation.ts";

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
export interface SettleCancelRequest extends ApplyPaymentRequest {
  operationId: string;
  leaseToken: string;
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

/** A proven refusal of a cancel. */
export interface RejectCancelRequest {
  operationId: string;
  leaseToken: string;
  errorCode: string;
  errorMessage: string;
  /** False when the same requestId may be used again. */
  isFinal: boolean;
  source: PaymentSource;
  requestId: string;
}

/** Ends a cancel on Toss's refusal; see the comment on `public.reject_cancel`. */
export function rejectCancel(
  database: Database,
  request: RejectCancelRequest,
): Promise<RejectCancelAnswer> {
  return database.call("reject_cancel", { ...request }, rejection);
}
