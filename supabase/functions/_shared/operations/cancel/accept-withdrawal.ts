import {
  decideWithdrawal,
  type DecideWithdrawalAnswer,
} from "../../database/withdrawals.ts";
import type { OperationContext } from "../context.ts";
import { type Attempt, settled, untilSettled } from "../until-settled.ts";
import { attemptCancel, cancelLease, type CancelResult } from "./begin.ts";
import { type RefundAccount, sealRefundAccount } from "./refund-account.ts";

/** What a shop accepts. */
export interface WithdrawalAcceptance {
  withdrawalId: string;
  reason?: string | undefined;
  /** Minor unit; absent = everything left. */
  cancelAmount?: number | undefined;
  refundReceiveAccount?: RefundAccount | undefined;
}

/** What keeps a withdrawal from being accepted, beside what keeps its refund from being made. */
export type DecisionRefusal = Extract<
  DecideWithdrawalAnswer,
  { outcome: "withdrawal_not_found" | "already_decided" | "amount_required" }
>;

/** How a withdrawal's refund ended. */
export type AcceptanceResult =
  | CancelResult
  | { kind: "not_accepted"; refusal: DecisionRefusal };

/**
 * Accepts a withdrawal and pays it back. The decision and the refund's intent are one transaction, so whoever dies
 * here leaves the refund to the worker, and accepting again goes on with it.
 *
 * @throws DatabaseError when the decision could not be written; Toss was not asked
 */
export async function acceptWithdrawal(
  context: OperationContext,
  { refundReceiveAccount: account, ...accepted }: WithdrawalAcceptance,
): Promise<AcceptanceResult> {
  const { keyring } = context;
  const lease = cancelLease(context);
  const request = {
    ...accepted,
    ...lease,
    action: "accept",
    namesRefund: account !== undefined || accepted.cancelAmount !== undefined,
    requestDigests: keyring.digests(JSON.stringify([
      accepted.cancelAmount ?? null,
      account === undefined
        ? null
        : [account.bank, account.accountNumber, account.holderName],
    ])),
    ...(account === undefined ? {} : {
      secret: await sealRefundAccount(keyring, account, lease.operationId),
    }),
  } as const;
  return await untilSettled(
    context.random,
    async () =>
      await attempt(
        context,
        await decideWithdrawal(context.firstCall, request),
      ),
  );
}

async function attempt(
  context: OperationContext,
  answer: DecideWithdrawalAnswer,
): Promise<Attempt<AcceptanceResult>> {
  switch (answer.outcome) {
    case "withdrawal_not_found":
    case "already_decided":
    case "amount_required":
      return settled({ kind: "not_accepted", refusal: answer });
    case "refused":
      throw new Error("an acceptance was answered as a refusal");
    default:
      return await attemptCancel(context, answer);
  }
}
