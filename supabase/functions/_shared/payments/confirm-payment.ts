import {
  beginConfirmation,
  type BeginConfirmationAnswer,
  countCallerRefusal,
} from "../database/begin-confirmation.ts";
import type { Database } from "../database/client.ts";
import { describeTossError } from "../toss/error-catalogue.ts";
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
    case "proceed":
      return await orProcessing(
        context,
        sendConfirmation(context, begun.operation),
      ).then((result) => countUnknown(context, options.caller, result));
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

/** Counts a payment that Toss does not know against whoever brought it. The result stands, counted or not. */
async function countUnknown(
  { database, logger }: OperationContext,
  caller: string | null,
  result: ConfirmOutcome,
): Promise<ConfirmOutcome> {
  const isUnknown = result.kind === "refused" &&
    describeTossError(result.code, result.status).class === "not_found";
  if (isUnknown && caller !== null) {
    await countCallerRefusal(database, caller).catch((error: unknown) =>
      logger.warn("refusal_not_counted", { cause: String(error) })
    );
  }
  return result;
}
