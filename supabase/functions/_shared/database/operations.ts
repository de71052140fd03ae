import { z } from "zod";
import type { Database } from "./client.ts";
import type { EndRequest, RefusalRequest } from "./lease.ts";
import { paymentView } from "./payments.ts";
import { settledCharge } from "./subscriptions.ts";

const rejection = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("rejected"), errorCode: z.string() }),
  z.object({ outcome: z.literal("confirmed"), payment: paymentView }),
  z.object({ outcome: z.literal("unknown") }),
]);

/** A proven refusal of Toss. */
export interface RejectOperationRequest extends RefusalRequest {
  /** What the refusal made of the payment; null when it says nothing about it. */
  paymentStatus: "ABORTED" | "EXPIRED" | null;
}

/** Ends an operation on Toss's refusal, unless its payment has turned out to be paid. */
export function rejectOperation(
  database: Database,
  request: RejectOperationRequest,
): Promise<z.output<typeof rejection>> {
  return database.call("reject_operation", { ...request }, rejection);
}

const postponement = z.object({
  outcome: z.enum(["unknown", "succeeded", "rejected"]),
  payment: paymentView.nullish(),
  charge: settledCharge.nullish(),
});

/** An attempt that brought no proof. */
export interface PostponeOperationRequest extends EndRequest {
  errorCode: string;
  errorMessage: string;
  /** True after an error answer: Toss would replay it for the same Idempotency-Key. */
  keyIsSpent: boolean;
  /** Remembers a refusal that is not confirmed yet, or with null forgets it; absent = as it was. */
  refusedWith?: string | null;
  retryAfterSeconds: number;
}

/** What `postpone_operation` answers; anything but `unknown` when the operation has ended meanwhile. */
export type Postponement = z.output<typeof postponement>;

/** Notes that Toss gave no proof and when to ask again. */
export function postponeOperation(
  database: Database,
  request: PostponeOperationRequest,
): Promise<Postponement> {
  return database.call("postpone_operation", { ...request }, postponement);
}
