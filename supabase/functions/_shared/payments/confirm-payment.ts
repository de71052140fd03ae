import {
  beginConfirmation,
  type BeginConfirmationAnswer,
} from "../database/confirm.ts";
import type { Database } from "../database/client.ts";
import { countUnknown } from "./count-unknown.ts";
import type { OperationContext } from "./operation-context.ts";
import { orProcessing } from "./or-processing.ts";
import type { ConfirmOutcome } from "./outcome.ts";
import { resolveConfirmation } from "./resolve-confirmation.ts";
import { sendConfirmation } from "./send-confirmation.ts";

/** The three values that the payment window hands to the success URL. */
export interface ConfirmRequest {
  paymentKey: string;
  orderId: string;
  amount: number;
}

/** Refusals that were decided in our own database; Toss was not asked. */
export type LocalRefusal = Exclude<
  BeginConfirmationAnswer["outcome"],
  | "proceed"
  | "resolve"
  | "processing"
  | "confirmed"
  | "rejected"
  | "too_many_attempts"
>;

/** How a confirm ended. */
export type ConfirmResult =
  | ConfirmOutcome
  | { kind: "refused_locally"; reason: LocalRefusal }
  | { kind: "too_many_attempts"; retryAfterSeconds: number };

/** What a confirm needs besides what any operation needs. */
export interface ConfirmOptions {
  /** Without retries: nothing has happened at Toss yet, so a failure may simply be answered. */
  firstCallDatabase: Database;
  leaseSeconds: number;
  mode: "test" | "live";
  /** See `BeginConfirmationRequest.caller`. */
  caller: string | null;
}

/**
 * Confirms a payment: intent, Toss, record. Two database round trips and one call to Toss.
 *
 * Repeating it is harmless at any point; a repeat gets the same answer, or `processing` while another caller is
 * at it.
 *
 * @throws DatabaseError when the intent could not be written; Toss was not asked
 */
export async function confirmPayment(
  context: OperationContext,
  request: ConfirmRequest,
  options: ConfirmOptions,
): Promise<ConfirmResult> {
  const begun = await beginConfirmation(options.firstCallDatabase, {
    ...request,
    leaseToken: crypto.randomUUID(),
    leaseSeconds: options.leaseSeconds,
    mode: options.mode,
    requestId: context.requestId,
    caller: options.caller,
  });
  switch (begun.outcome) {
    case "proceed": {
      const result = await orProcessing(
        context,
        sendConfirmation(context, begun.operation),
      );
      if (result.kind === "refused") {
        await countUnknown(context, options.caller, result);
      }
      return result;
    }
    case "resolve":
      return await orProcessing(
        context,
        resolveConfirmation(context, begun.operation),
      );
    case "processing":
      return { kind: "processing" };
    case "confirmed":
      return { kind: "confirmed", payment: begun.payment };
    case "rejected":
      return { kind: "refused", code: begun.errorCode };
    case "too_many_attempts":
      return {
        kind: "too_many_attempts",
        retryAfterSeconds: begun.retryAfterSeconds,
      };
    default:
      return { kind: "refused_locally", reason: begun.outcome };
  }
}
