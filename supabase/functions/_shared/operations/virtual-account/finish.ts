import type { PaymentView } from "../../database/payments.ts";
import type {
  BeginVirtualAccountAnswer,
  VirtualAccountOperation,
} from "../../database/virtual-account.ts";
import type { OperationContext } from "../context.ts";
import {
  type ConfirmOutcome,
  type PayingRefusal,
  refusePaying,
} from "../paying.ts";

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

/** Ends the issue of an account on Toss's refusal. */
export async function refuseAccount(
  context: OperationContext,
  operation: VirtualAccountOperation,
  refusal: Pick<PayingRefusal, "code" | "message" | "status">,
): Promise<ConfirmOutcome> {
  const { code, message, status } = refusal;
  return await refusePaying(context, operation, {
    code,
    message,
    status,
    // No account, no payment: the order may be paid in any other way, or with another bank's account.
    isFinal: false,
    paymentStatus: null,
  });
}

/** Reads how the operation ended as what the buyer asked for. */
export function resultOf(outcome: ConfirmOutcome): VirtualAccountResult {
  switch (outcome.kind) {
    case "confirmed":
      return accountOf(outcome.payment);
    case "already_confirmed":
      return { kind: "refused_locally", reason: "already_confirmed" };
    default:
      return outcome;
  }
}

/** A payment without an account to show is one whose deposit has arrived, or one of which Toss has not told it yet. */
export function accountOf(payment: PaymentView): VirtualAccountResult {
  if (payment.virtualAccount !== undefined) {
    return { kind: "issued", payment, account: payment.virtualAccount };
  }
  return payment.status === "waiting_for_deposit"
    ? { kind: "processing" }
    : { kind: "refused_locally", reason: "already_confirmed" };
}
