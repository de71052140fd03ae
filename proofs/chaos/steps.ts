import { randomUUID } from "node:crypto";
import { issue } from "./account.ts";
import { confirm } from "./buyer.ts";
import { DASHBOARD } from "./chaos-stack.ts";
import type { Step } from "./plan.ts";
import { askReceipt } from "./receipt.ts";
import { askRefund, REFUND_ACCOUNT } from "./refund.ts";
import { findPayment, paymentOf, type RunState } from "./run-state.ts";
import { askWithdrawal, decideWithdrawal } from "./withdrawal.ts";
import { work } from "./worker.ts";

/** By how much a buyer cheats, KRW. */
export const TAMPERED_BY = 500;

type StepOf<Kind extends Step["kind"]> = Extract<Step, { kind: Kind }>;

async function confirmCopies(
  state: RunState,
  step: StepOf<"confirm">,
): Promise<void> {
  const { orderId, paymentKey, amount } = paymentOf(state, step);
  const plan = state.plan.orders[step.order]?.payments[step.payment];
  // Who changed the amount at Toss sends the true one when "tampering" again,
  // and it is Toss that has to refuse.
  const sent = step.isTampered === plan?.isTampered
    ? amount
    : amount - TAMPERED_BY;
  const values = { orderId, paymentKey, amount: sent };
  await repeat(step.copies, async () => {
    state.answers.push(await confirm(state.chaos, values, step.method));
  });
}

/** Parts that somebody gives back in Toss's own back office. */
const DIVISORS = { full: null, half: 2, third: 3, seventh: 7 };

/** Somebody gives money back in Toss's own back office. */
async function cancelAtToss(
  state: RunState,
  step: StepOf<"cancel">,
): Promise<void> {
  const { simulator } = state.chaos;
  const payment = findPayment(state, step);
  if (payment === null) return;
  const { paymentKey, amount, isAccount } = payment;
  const divisor = DIVISORS[step.share];
  const isPaid = simulator.books().some((book) =>
    book.paymentKey === paymentKey && book.approvals > 0
  );
  const secretKey = simulator.secretKeyOf(paymentKey);
  const answer = await fetch(
    `${simulator.url}/v1/payments/${paymentKey}/cancel`,
    {
      method: "POST",
      headers: {
        "authorization": `Basic ${btoa(`${secretKey}:`)}`,
        "content-type": "application/json",
        [DASHBOARD]: "1",
      },
      body: JSON.stringify({
        cancelReason: "the buyer changed their mind",
        ...divisor === null
          ? {}
          : { cancelAmount: Math.floor(amount / divisor) },
        ...isAccount && isPaid ? { refundReceiveAccount: REFUND_ACCOUNT } : {},
      }),
    },
    // A fault meant for the functions may meet it.
  ).catch(() => null);
  await answer?.body?.cancel();
}

/** The bank's side of a virtual account; nothing while there is none. */
function atTheBank(
  state: RunState,
  { kind, order }: StepOf<"deposit" | "reverse">,
): void {
  const { simulator } = state.chaos;
  const payment = findPayment(state, { order, payment: 0 });
  if (payment === null) return;
  if (kind === "deposit") simulator.deposit(payment.paymentKey);
  else simulator.reverseDeposit(payment.paymentKey);
}

async function repeat<Answer>(
  copies: number,
  once: () => Promise<Answer>,
): Promise<void> {
  await Promise.all(Array.from({ length: copies }, once));
}

/** Somebody who knows the address invents an event. */
async function forge(state: RunState, step: StepOf<"forge">): Promise<void> {
  const payment = paymentOf(state, step);
  const answer = await fetch(`${state.chaos.stack.functionsUrl}/webhook`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "tosspayments-webhook-transmission-id": `forged-${randomUUID()}`,
    },
    body: JSON.stringify({
      eventType: "PAYMENT_STATUS_CHANGED",
      createdAt: "2026-01-01T00:00:00.000000",
      data: {
        orderId: payment.orderId,
        paymentKey: step.isKnown ? payment.paymentKey : `forged${randomUUID()}`,
        status: step.status,
        totalAmount: payment.amount,
        balanceAmount: 0,
      },
    }),
  }).catch(() => null);
  await answer?.body?.cancel();
}

function resend(state: RunState, step: StepOf<"resend">): void {
  const { simulator } = state.chaos;
  const { paymentKey } = paymentOf(state, step);
  const last = simulator.deliveries()
    .findLast((delivery) => delivery.paymentKey === paymentKey);
  if (last !== undefined) simulator.resend(last.transmissionId);
}

/** Does one step; resolves when everybody concerned has their answer. */
export async function doStep(state: RunState, step: Step): Promise<void> {
  const { chaos } = state;
  switch (step.kind) {
    case "confirm":
      return await confirmCopies(state, step);
    case "cancel":
      return await cancelAtToss(state, step);
    case "forge":
      return await forge(state, step);
    case "resend":
      return resend(state, step);
    case "refund":
      return await repeat(step.copies, () => askRefund(state, step));
    case "issue":
      return await repeat(step.copies, () => issue(state, step.order));
    case "receipt":
      return await repeat(step.copies, () => askReceipt(state, step.receipt));
    case "withdraw":
      return await repeat(
        step.copies,
        () => askWithdrawal(state, step.withdrawal),
      );
    case "decide":
      return await repeat(
        step.copies,
        () => decideWithdrawal(state, step.withdrawal, step.action),
      );
    case "deposit":
    case "reverse":
      return atTheBank(state, step);
    case "work":
      return await repeat(step.copies, () => work(chaos, step.job));
    case "advance":
      return await chaos.advance(step.seconds);
    case "restart":
      return await chaos.restartPostgres(step.crash);
  }
}
