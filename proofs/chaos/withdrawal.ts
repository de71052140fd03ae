import { z } from "zod";
import { buyerHeaders } from "../../stack/users.ts";
import type { WithdrawalPlan } from "./plan.ts";
import { REFUND_ACCOUNT } from "./refund.ts";
import { orderOf, type RunState } from "./run-state.ts";

/** What somebody was told about a withdrawal. */
export interface WithdrawalAnswer {
  /** Position of the withdrawal in the plan. */
  withdrawal: number;
  act: "ask" | "accept" | "refuse";
  /** HTTP status; null when the connection broke. */
  status: number | null;
  /** The withdrawal's status, `processing`, an error code, or `none`. */
  result: string;
  withdrawalId: string | null;
  /** What a 200 said of the refund, as JSON. */
  refund: string | null;
}

const answerSchema = z.object({
  status: z.string().optional(),
  code: z.string().optional(),
  withdrawalId: z.string().optional(),
  refund: z.unknown().optional(),
});

/** The withdrawal at a position of the plan. Throws when there is none such. */
export function withdrawalPlanOf(
  state: RunState,
  withdrawal: number,
): WithdrawalPlan {
  const plan = state.plan.withdrawals[withdrawal];
  if (plan === undefined) throw new RangeError(`no withdrawal ${withdrawal}`);
  return plan;
}

async function call(
  state: RunState,
  { withdrawal, act }: Pick<WithdrawalAnswer, "withdrawal" | "act">,
  body: Record<string, unknown>,
): Promise<WithdrawalAnswer> {
  const { stack } = state.chaos;
  const { isBuyers } = withdrawalPlanOf(state, withdrawal);
  const credentials = act === "ask" && isBuyers
    ? buyerHeaders(state.chaos, state.buyer?.accessToken)
    : { apikey: stack.secretKey };
  const answer = await fetch(`${stack.functionsUrl}/withdrawal`, {
    method: "POST",
    headers: { ...credentials, "content-type": "application/json" },
    body: JSON.stringify(body),
  }).catch(() => null);
  const value: unknown = await answer?.json().catch(() => null);
  const { data } = answerSchema.safeParse(value);
  const told: WithdrawalAnswer = {
    withdrawal,
    act,
    status: answer?.status ?? null,
    result: data?.code ?? data?.status ?? "none",
    withdrawalId: data?.withdrawalId ?? null,
    refund: data?.refund === undefined ? null : JSON.stringify(data.refund),
  };
  state.withdrawalAnswers.push(told);
  return told;
}

/** The idempotency token of a withdrawal. */
export function withdrawalTokenOf({ run }: RunState, withdrawal: number) {
  return `${run}-withdrawal-${withdrawal}`;
}

/** Asks to give an order back, as its buyer or as the shop, and keeps the answer. */
export function askWithdrawal(
  state: RunState,
  withdrawal: number,
): Promise<WithdrawalAnswer> {
  const { orderId } = orderOf(
    state,
    withdrawalPlanOf(state, withdrawal).order,
  );
  return call(state, { withdrawal, act: "ask" }, {
    orderId,
    reason: "the buyer changed their mind",
    requestId: withdrawalTokenOf(state, withdrawal),
  });
}

const rowsSchema = z.array(z.object({ id: z.string() }));

/** The withdrawal as the shop's own pages find it; null while there is none, or nobody answers. */
async function findId(
  state: RunState,
  withdrawal: number,
): Promise<string | null> {
  const { stack } = state.chaos;
  const token = withdrawalTokenOf(state, withdrawal);
  const answer = await fetch(
    `${stack.apiUrl}/rest/v1/withdrawals?select=id&request_id=eq.${token}`,
    { headers: { apikey: stack.secretKey } },
  ).catch(() => null);
  const value: unknown = await answer?.json().catch(() => null);
  return rowsSchema.safeParse(value).data?.[0]?.id ?? null;
}

/** Decides what the shop sees in its table; nothing while there is no such request. */
export async function decideWithdrawal(
  state: RunState,
  withdrawal: number,
  act: "accept" | "refuse",
): Promise<WithdrawalAnswer | null> {
  const withdrawalId = await findId(state, withdrawal);
  if (withdrawalId === null) return null;
  const { hasAccount } = withdrawalPlanOf(state, withdrawal);
  return await call(state, { withdrawal, act }, {
    withdrawalId,
    action: act,
    ...hasAccount && act === "accept"
      ? { refundReceiveAccount: REFUND_ACCOUNT }
      : {},
  });
}
