import { z } from "zod";
import { buyerHeaders } from "../../stack/users.ts";
import type { RefundPlan, Step } from "./plan.ts";
import { findPayment, orderOf, type RunState } from "./run-state.ts";

/** What somebody was told who asked for money back. */
export interface RefundAnswer {
  /** Position of the refund in the plan. */
  refund: number;
  isAltered: boolean;
  /** HTTP status; null when the connection broke. */
  status: number | null;
  /** The order's status, `processing`, an error code, or `none`. */
  result: string;
  tossCode: string | null;
  /** What a 200 said, as JSON. */
  body: string | null;
}

/** A request for money back, without how often. */
export type RefundRequest = Pick<
  Extract<Step, { kind: "refund" }>,
  "refund" | "isAltered" | "by"
>;

const answerSchema = z.object({
  status: z.string().optional(),
  code: z.string().optional(),
  tossCode: z.string().optional(),
});

/** Where the money of a virtual account goes back to. */
export const REFUND_ACCOUNT = {
  bank: "신한",
  accountNumber: "110413789012",
  holderName: "박은닉",
};

/** What an altered request asks for instead, KRW. */
const ALTERED_AMOUNT = 17;

/** The refund at a position of the plan. Throws when there is none such. */
export function refundPlanOf(state: RunState, refund: number): RefundPlan {
  const plan = state.plan.refunds[refund];
  if (plan === undefined) throw new RangeError(`no refund ${refund}`);
  return plan;
}

/** Tells the entries of Toss's ledger apart; unique in a run. */
export function reasonOf(
  { refund, isAltered }: Pick<RefundRequest, "refund" | "isAltered">,
): string {
  return `${isAltered ? "altered" : "refund"} ${refund}`;
}

/** The amount that is asked for, KRW; null = everything left. */
export function amountOf(
  state: RunState,
  { refund, isAltered }: Pick<RefundRequest, "refund" | "isAltered">,
): number | null {
  const { percent, order } = refundPlanOf(state, refund);
  if (isAltered) return ALTERED_AMOUNT;
  const { amount } = orderOf(state, order);
  return percent === null ? null : Math.floor(amount * percent / 100);
}

/** The idempotency token of a refund, and of whatever is asked with it. */
export function requestIdOf({ run }: RunState, refund: number): string {
  return `${run}-${refund}`;
}

function bodyOf(state: RunState, request: RefundRequest) {
  const plan = refundPlanOf(state, request.refund);
  const { orderId } = orderOf(state, plan.order);
  const paymentKey = findPayment(state, plan)?.paymentKey;
  const amount = amountOf(state, request);
  return {
    ...request.by === "paymentKey" && paymentKey !== undefined
      ? { paymentKey }
      : { orderId },
    cancelReason: reasonOf(request),
    requestId: requestIdOf(state, request.refund),
    ...amount === null ? {} : { cancelAmount: amount },
    ...plan.hasAccount ? { refundReceiveAccount: REFUND_ACCOUNT } : {},
  };
}

/** Asks for money back as an operator or as the buyer, and keeps the answer. */
export async function askRefund(
  state: RunState,
  request: RefundRequest,
): Promise<RefundAnswer> {
  const { stack } = state.chaos;
  const { refund, isAltered } = request;
  const { caller } = refundPlanOf(state, refund);
  const credentials = caller === "operator"
    ? { apikey: stack.secretKey }
    : buyerHeaders(state.chaos, state.buyer?.accessToken);
  const answer = await fetch(`${stack.functionsUrl}/cancel`, {
    method: "POST",
    headers: { ...credentials, "content-type": "application/json" },
    body: JSON.stringify(bodyOf(state, request)),
  }).catch(() => null);
  const value: unknown = await answer?.json().catch(() => null);
  const { data } = answerSchema.safeParse(value);
  const told: RefundAnswer = {
    refund,
    isAltered,
    status: answer?.status ?? null,
    result: data?.code ?? data?.status ?? "none",
    tossCode: data?.tossCode ?? null,
    body: answer?.status === 200 ? JSON.stringify(value) : null,
  };
  state.refundAnswers.push(told);
  return told;
}
