import {
  beginVirtualAccount,
  type BeginVirtualAccountAnswer,
} from "../database/virtual-account.ts";
import type { Database } from "../database/client.ts";
import type { PaymentView } from "../database/payments.ts";
import type { OperationContext } from "./operation-context.ts";
import { orProcessing } from "./or-processing.ts";
import type { ConfirmOutcome } from "./outcome.ts";
import { resolveVirtualAccount } from "./resolve-virtual-account.ts";
import { sendVirtualAccount } from "./send-virtual-account.ts";
import { type Attempt, untilSettled } from "./until-settled.ts";

/** The account that a buyer wants. */
export interface VirtualAccountRequest {
  orderId: string;
  /** Toss's code of the bank. */
  bank: string;
  customerName: string;
  /** Hours until the deposit is due. */
  validHours: number;
}

/** How the issue of a virtual account ended. */
export type VirtualAccountResult =
  | {
    kind: "issued";
    payment: PaymentView;
    account: NonNullable<PaymentView["virtualAccount"]>;
  }
  | { kind: "processing" }
  | { kind: "refused"; code: string; status?: number | undefined }
  | {
    kind: "refused_locally";
    reason: Exclude<
      BeginVirtualAccountAnswer["outcome"],
      "proceed" | "resolve" | "processing" | "issued"
    >;
  };

/** What an issue needs besides what any operation needs. */
export interface VirtualAccountOptions {
  /** Without retries: nothing has happened at Toss yet, so a failure may simply be answered. */
  firstCallDatabase: Database;
  leaseSeconds: number;
  mode: "test" | "live";
  /** Null for a guest. */
  userId: string | null;
}

/**
 * Issues a virtual account for a pending order: intent, Toss, record. Two database round trips and one call to
 * Toss.
 *
 * An order gets one account, however often it is asked for; while another caller is at it, this one waits a while.
 *
 * @throws DatabaseError when the intent could not be written; Toss was not asked
 */
export async function issueVirtualAccount(
  context: OperationContext,
  request: VirtualAccountRequest,
  { firstCallDatabase, ...options }: VirtualAccountOptions,
): Promise<VirtualAccountResult> {
  const leaseToken = crypto.randomUUID();
  const { requestId } = context;
  return await untilSettled(context.random, async () => {
    const begun = await beginVirtualAccount(firstCallDatabase, {
      ...request,
      ...options,
      leaseToken,
      requestId,
    });
    return await attempt(context, begun);
  });
}

async function attempt(
  context: OperationContext,
  begun: BeginVirtualAccountAnswer,
): Promise<Attempt<VirtualAccountResult>> {
  switch (begun.outcome) {
    case "proceed":
    case "resolve": {
      const finish = begun.outcome === "proceed"
        ? sendVirtualAccount
        : resolveVirtualAccount;
      const outcome = finish(context, begun.operation);
      return settled(resultOf(await orProcessing(context, outcome)));
    }
    case "processing":
      return { isSettled: false, result: { kind: "processing" } };
    case "issued":
      return settled(issued(begun.payment));
    default:
      return settled({ kind: "refused_locally", reason: begun.outcome });
  }
}

function settled(result: VirtualAccountResult): Attempt<VirtualAccountResult> {
  return { isSettled: true, result };
}

function resultOf(outcome: ConfirmOutcome): VirtualAccountResult {
  switch (outcome.kind) {
    case "confirmed":
      return issued(outcome.payment);
    case "already_confirmed":
      return { kind: "refused_locally", reason: "already_confirmed" };
    default:
      return outcome;
  }
}

/** A payment without an account to show is one whose deposit has arrived, or one of which Toss has not told it yet. */
function issued(payment: PaymentView): VirtualAccountResult {
  if (payment.virtualAccount !== undefined) {
    return { kind: "issued", payment, account: payment.virtualAccount };
  }
  return payment.status === "waiting_for_deposit"
    ? { kind: "processing" }
    : { kind: "refused_locally", reason: "already_confirmed" };
}
