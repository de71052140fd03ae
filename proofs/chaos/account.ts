import { z } from "zod";
import { buyerHeaders } from "../../stack/users.ts";
import type { ChaosStack } from "./chaos-stack.ts";
import type { AccountPlan } from "./plan.ts";
import { orderOf, type RunState } from "./run-state.ts";

/** What a buyer was told who wanted a virtual account. */
export interface IssueAnswer {
  orderId: string;
  /** HTTP status; null when the connection broke. */
  status: number | null;
  /** `issued`, `processing`, an error code, or `none`. */
  result: string;
  /** What a 201 said, as JSON. */
  body: string | null;
  /** Of the account in a 201. */
  paymentKey: string | null;
}

const answerSchema = z.object({
  status: z.string().optional(),
  code: z.string().optional(),
  paymentKey: z.string().optional(),
});

async function request(
  chaos: ChaosStack,
  { bank, validHours, isEscrow, hasReceipt }: AccountPlan,
  orderId: string,
  accessToken: string | undefined,
): Promise<IssueAnswer> {
  const answer = await fetch(`${chaos.stack.functionsUrl}/virtual-account`, {
    method: "POST",
    headers: {
      ...buyerHeaders(chaos, accessToken),
      "content-type": "application/json",
    },
    body: JSON.stringify({
      orderId,
      bank,
      customerName: "김토스",
      validHours,
      ...hasReceipt
        ? {
          cashReceipt: { type: "소득공제", registrationNumber: "01012345678" },
        }
        : {},
      escrow: isEscrow,
    }),
  }).catch(() => null);
  const value: unknown = await answer?.json().catch(() => null);
  const { data } = answerSchema.safeParse(value);
  const isIssued = answer?.status === 201;
  return {
    orderId,
    status: answer?.status ?? null,
    result: isIssued ? "issued" : data?.code ?? data?.status ?? "none",
    body: isIssued ? JSON.stringify(value) : null,
    paymentKey: isIssued ? data?.paymentKey ?? null : null,
  };
}

/** Asks for the account that the plan gives an order, and keeps the answer. */
export async function issue(
  state: RunState,
  order: number,
): Promise<IssueAnswer> {
  const { account, isOwned } = state.plan.orders[order] ?? {};
  if (!account) throw new RangeError(`order ${order} has no account`);
  const { orderId } = orderOf(state, order);
  state.chaos.simulator.changeSettings({
    accountExpiry: account.expiry,
    showDueDate: account.isDated,
  });
  const token = isOwned ? state.buyer?.accessToken : undefined;
  const answer = await request(state.chaos, account, orderId, token);
  state.issueAnswers.push(answer);
  return answer;
}
