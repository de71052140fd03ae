import {
  beginCancel,
  type BeginCancelAnswer,
  type BeginCancelRequest,
} from "../database/cancel.ts";
import type { Database } from "../database/client.ts";
import type { OperationContext } from "./operation-context.ts";
import { orProcessing } from "./or-processing.ts";
import type { CancelOutcome } from "./outcome.ts";
import { type RefundAccount, sealRefundAccount } from "./refund-account.ts";
import { resolveCancel } from "./resolve-cancel.ts";
import { sendCancel } from "./send-cancel.ts";
import { untilSettled } from "./until-settled.ts";

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
}

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

/** How a cancel ended. */
export type CancelResult =
  | Exclude<CancelOutcome, { kind: "processing" }>
  | { kind: "processing"; orderId: string }
  /** An order without a payment has ended; Toss was not asked. */
  | { kind: "given_up"; orderId: string }
  | { kind: "refused_locally"; refusal: LocalCancelRefusal };

/** What a cancel needs besides what any operation needs. */
export interface CancelOptions {
  /** Without retries: nothing has happened at Toss yet, so a failure may simply be answered. */
  firstCallDatabase: Database;
  leaseSeconds: number;
  mode: "test" | "live";
  /** `operator`, `guest`, or the user's id. */
  requestedBy: string;
}

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
  request: CancelRequest,
  options: CancelOptions,
): Promise<CancelResult> {
  const begin = await beginRequest(context, request, options);
  return await followCancel(context, begin, options);
}

/** A cancel that the database has begun together with something else, by its payment and requestId. */
export interface BegunCancel {
  paymentKey: string;
  cancelReason: string;
  requestId: string;
}

/** Makes a cancel that stands in the database already, as {@link cancelPayment} does. */
export async function makeBegunCancel(
  context: OperationContext,
  begun: BegunCancel,
  options: CancelOptions,
): Promise<CancelResult> {
  return await followCancel(
    context,
    { ...begun, ...callerOf(context, options) },
    options,
  );
}

async function followCancel(
  context: OperationContext,
  begin: BeginCancelRequest,
  { firstCallDatabase }: CancelOptions,
): Promise<CancelResult> {
  return await untilSettled<CancelResult>(context.random, async () => {
    const begun = await beginCancel(firstCallDatabase, begin);
    switch (begun.outcome) {
      case "proceed":
      case "resolve": {
        const finish = begun.outcome === "proceed" ? sendCancel : resolveCancel;
        const outcome = await orProcessing(
          context,
          finish(context, begun.operation),
        );
        return {
          isSettled: true,
          result: outcome.kind === "processing"
            ? { ...outcome, orderId: begun.operation.orderId }
            : outcome,
        };
      }
      case "processing":
        return {
          isSettled: false,
          result: { kind: "processing", orderId: begun.orderId },
        };
      case "succeeded":
        return {
          isSettled: true,
          result: { kind: "canceled", cancel: begun.cancel },
        };
      case "given_up":
        return {
          isSettled: true,
          result: { kind: "given_up", orderId: begun.orderId },
        };
      case "rejected":
        return {
          isSettled: true,
          result: { kind: "refused", code: begun.errorCode },
        };
      default:
        return {
          isSettled: true,
          result: { kind: "refused_locally", refusal: begun },
        };
    }
  });
}

function callerOf(
  { requestId }: OperationContext,
  { requestedBy, leaseSeconds, mode }: CancelOptions,
) {
  return {
    requestedBy,
    operationId: crypto.randomUUID(),
    leaseToken: crypto.randomUUID(),
    leaseSeconds,
    mode,
    logRequestId: requestId,
  };
}

async function beginRequest(
  context: OperationContext,
  { refundReceiveAccount: account, ...request }: CancelRequest,
  options: CancelOptions,
): Promise<BeginCancelRequest> {
  const { keyring } = context;
  const caller = callerOf(context, options);
  return {
    ...request,
    requestDigests: keyring.digests(JSON.stringify([
      options.requestedBy,
      request.cancelReason,
      request.cancelAmount ?? null,
      request.taxFreeAmount ?? null,
      account === undefined
        ? null
        : [account.bank, account.accountNumber, account.holderName],
    ])),
    ...(account === undefined ? {} : {
      secret: await sealRefundAccount(keyring, account, caller.operationId),
    }),
    ...caller,
  };
}
