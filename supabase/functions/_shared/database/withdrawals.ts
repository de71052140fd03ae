import { z } from "zod";
import { type BeginCancelRequest, cancelBeginning } from "./cancel.ts";
import type { Database } from "./client.ts";

const requested = { withdrawalId: z.string(), dueAt: z.string() };
const products = z.array(z.string());

const request = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("requested"), ...requested }),
  z.object({ outcome: z.literal("known"), ...requested }),
  z.object({ outcome: z.literal("request_differs") }),
  z.object({ outcome: z.literal("order_not_found") }),
  z.object({ outcome: z.literal("nothing_to_withdraw"), status: z.string() }),
  z.object({ outcome: z.literal("excluded"), products }),
]);

/** What `request_withdrawal` answers. */
export type RequestWithdrawalAnswer = z.output<typeof request>;

/** A buyer wants to give an order back. */
export interface WithdrawalRequest {
  orderId: string;
  reason: string;
  /** The caller's idempotency token. */
  requestId: string;
  /** `operator`, or the user's id. */
  requestedBy: string;
  logRequestId: string;
}

/** Writes a withdrawal down; see the comment on `public.request_withdrawal`. */
export function requestWithdrawal(
  database: Database,
  asked: WithdrawalRequest,
): Promise<RequestWithdrawalAnswer> {
  return database.call("request_withdrawal", { ...asked }, request);
}

const decision = z.discriminatedUnion("outcome", [
  ...cancelBeginning.options,
  z.object({ outcome: z.literal("refused"), withdrawalId: z.string() }),
  z.object({ outcome: z.literal("withdrawal_not_found") }),
  z.object({ outcome: z.literal("already_decided"), status: z.string() }),
  z.object({ outcome: z.literal("amount_required"), products }),
]);

/** What `decide_withdrawal` answers. */
export type DecideWithdrawalAnswer = z.output<typeof decision>;

/** That a withdrawal is accepted, and how its refund is to be made. */
export interface AcceptRequest extends
  Pick<
    BeginCancelRequest,
    | "leaseToken"
    | "leaseSeconds"
    | "mode"
    | "operationId"
    | "logRequestId"
    | "cancelAmount"
    | "secret"
  > {
  action: "accept";
  withdrawalId: string;
  reason?: string | undefined;
  /** Whether an amount or an account is named, which must then be those that the refund was begun with. */
  namesRefund: boolean;
  requestDigests: string[];
}

/** That a withdrawal is refused. */
export interface RefuseRequest {
  action: "refuse";
  withdrawalId: string;
  reason?: string | undefined;
  logRequestId: string;
  mode: "test" | "live";
}

/** Writes a decision down, with the refund that it begins; see the comment on `public.decide_withdrawal`. */
export function decideWithdrawal(
  database: Database,
  decided: AcceptRequest | RefuseRequest,
): Promise<DecideWithdrawalAnswer> {
  return database.call("decide_withdrawal", { ...decided }, decision);
}

const marking = z.discriminatedUnion("outcome", [
  z.object({
    outcome: z.literal("used"),
    items: z.array(z.object({
      productId: z.string().nullable(),
      name: z.string(),
      usedAt: z.string(),
    })),
  }),
  z.object({ outcome: z.literal("order_not_found") }),
  z.object({ outcome: z.literal("product_not_found") }),
]);

/** What `mark_used` answers. */
export type MarkUsedAnswer = z.output<typeof marking>;

/** Writes down that what an order sold was used; see the comment on `public.mark_used`. */
export function markUsed(
  database: Database,
  used: { orderId: string; productId?: string | undefined },
): Promise<MarkUsedAnswer> {
  return database.call("mark_used", { ...used }, marking);
}
