import {
  beginCancel,
  type BeginCancelAnswer,
  type BeginCancelRequest,
  type LocalCancelRefusal,
} from "../../database/cancel.ts";
import { newLease, type OperationContext } from "../context.ts";
import { orProcessing } from "../no-proof.ts";
import { type Attempt, settled, untilSettled } from "../until-settled.ts";
import type { CancelOutcome } from "./finish.ts";
import { type RefundAccount, sealRefundAccount } from "./refund-account.ts";
import { resolveCancel } from "./resolve.ts";
import { sendCancel } from "./send.ts";

/** What a cancel is asked for; amounts in the minor unit. */
export interface CancelRequest {
  orderId?: string | undefined;
  paymentKey?: string | undefined;
  /** The order's; only a guest names it, and it must be right. */
  amount?: number | undefined;
  cancelReason: string;
  /** Absent = everything left. */
  cancelAmount?: number | undefined;
  taxFreeAmount?: number | undefined;
  refundReceiveAccount?: RefundAccount | undefined;
  /** The caller's idempotency token. */
  requestId: string;
  /** `operator`, `guest`, or the user's id. */
  requestedBy: string;
}

/** How a cancel ended. */
export type CancelResult =
  | Exclude<CancelOutcome, { kind: "processing" }>
  | { kind: "processing"; orderId: string }
  /** An order without a payment has ended; Toss was not asked. */
  | { kind: "given_up"; orderId: string }
  | { kind: "refused_locally"; refusal: LocalCancelRefusal };

/**
 * Cancels a payment or a part of it: intent and reservation, Toss, record. Two database round trips and one call
 * to Toss, when no other cancel of the payment is under way.
 *
 * A repeat of a requestId gets what the first one got; while that is under way it waits a while. So does a cancel
 * whose payment has another one at Toss.
 *
 * @throws DatabaseError when the intent could not be written; Toss was not asked
 */
export async function cancelPayment(
  context: OperationContext,
  { refundReceiveAccount: account, ...request }: CancelRequest,
): Promise<CancelResult> {
  const { keyring } = context;
  const lease = cancelLease(context);
  return await followCancel(context, {
    ...request,
    requestDigests: keyring.digests(JSON.stringify([
      request.requestedBy,
      request.cancelReason,
      request.cancelAmount ?? null,
      request.taxFreeAmount ?? null,
      account === undefined
        ? null
        : [account.bank, account.accountNumber, account.holderName],
    ])),
    ...(account === undefined ? {} : {
      secret: await sealRefundAccount(keyring, account, lease.operationId),
    }),
    ...lease,
  });
}

/** A cancel that the database has begun together with something else, by its payment and requestId. */
export interface BegunCancel {
  paymentKey: string;
  cancelReason: string;
  requestId: string;
  requestedBy: string;
}

/** Makes a cancel that stands in the database already, as {@link cancelPayment} does. */
export async function makeBegunCancel(
  context: OperationContext,
  begun: BegunCancel,
): Promise<CancelResult> {
  return await followCancel(context, { ...begun, ...cancelLease(context) });
}

/** A lease of an operation that a caller may begin. */
export function cancelLease(context: OperationContext) {
  // The caller's token is called requestId here.
  const { requestId: logRequestId, ...lease } = newLease(context);
  return { ...lease, logRequestId, operationId: crypto.randomUUID() };
}

async function followCancel(
  context: OperationContext,
  begin: BeginCancelRequest,
): Promise<CancelResult> {
  return await untilSettled(
    context.random,
    async () =>
      await attemptCancel(context, await beginCancel(context.firstCall, begin)),
  );
}

/** Does what the database's word about a cancel asks for: makes it, goes on with it, or tells how it stands. */
export async function attemptCancel(
  context: OperationContext,
  begun: BeginCancelAnswer,
): Promise<Attempt<CancelResult>> {
  switch (begun.outcome) {
    case "proceed":
    case "resolve": {
      const { orderId } = begun.operation;
      const finish = begun.outcome === "proceed" ? sendCancel : resolveCancel;
      const outcome = await orProcessing(context, begun.operation, finish);
      return settled(
        outcome.kind === "processing" ? { ...outcome, orderId } : outcome,
      );
    }
    case "processing":
      return {
        isSettled: false,
        result: { kind: "processing", orderId: begun.orderId },
      };
    case "succeeded":
      return settled({ kind: "canceled", cancel: begun.cancel });
    case "given_up":
      return settled({ kind: "given_up", orderId: begun.orderId });
    case "rejected":
      return settled({ kind: "refused", code: begun.errorCode });
    default:
      return settled({ kind: "refused_locally", refusal: begun });
  }
}
