import { z } from "zod";
import type { ReceiptPlan } from "./plan.ts";
import { orderOf, type RunState } from "./run-state.ts";

/** What somebody was told who asked for a cash receipt, or for its cancel. */
export interface ReceiptAnswer {
  /** Position of the receipt in the plan. */
  receipt: number;
  /** HTTP status; null when the connection broke. */
  status: number | null;
  /** `done`, `processing`, an error code, or `none`. */
  result: string;
  /** Of the receipt in a 200 or 201. */
  receiptKey: string | null;
}

const answerSchema = z.object({
  status: z.string().optional(),
  code: z.string().optional(),
  receiptKey: z.string().optional(),
});

/** The receipt at a position of the plan. Throws when there is none such. */
export function receiptPlanOf(state: RunState, receipt: number): ReceiptPlan {
  const plan = state.plan.receipts[receipt];
  if (plan === undefined) throw new RangeError(`no receipt ${receipt}`);
  return plan;
}

/** Asks for a receipt, or for its cancel, as an operator, and keeps the answer. */
export async function askReceipt(
  state: RunState,
  receipt: number,
): Promise<ReceiptAnswer> {
  const { stack } = state.chaos;
  const { order, percent } = receiptPlanOf(state, receipt);
  const { orderId, amount } = orderOf(state, order);
  const answer = await fetch(`${stack.functionsUrl}/cash-receipt`, {
    method: percent === null ? "POST" : "DELETE",
    headers: { apikey: stack.secretKey, "content-type": "application/json" },
    body: JSON.stringify({
      orderId,
      requestId: `${state.run}-receipt-${receipt}`,
      ...percent === null
        ? { type: "소득공제", customerIdentityNumber: "01012345678" }
        : percent === 100
        ? {}
        : { amount: Math.floor(amount * percent / 100) },
    }),
  }).catch(() => null);
  const value: unknown = await answer?.json().catch(() => null);
  const { data } = answerSchema.safeParse(value);
  const isDone = answer?.status === 200 || answer?.status === 201;
  const told: ReceiptAnswer = {
    receipt,
    status: answer?.status ?? null,
    result: isDone ? "done" : data?.code ?? data?.status ?? "none",
    receiptKey: isDone ? data?.receiptKey ?? null : null,
  };
  state.receiptAnswers.push(told);
  return told;
}
