import { randomUUID } from "node:crypto";
import { confirm } from "./buyer.ts";
import type { Step } from "./plan.ts";
import { paymentOf, type RunState } from "./run-state.ts";
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
  const copies = Array.from({ length: step.copies }, async () => {
    state.answers.push(await confirm(state.chaos, values, step.method));
  });
  await Promise.all(copies);
}

/** Somebody gives money back in Toss's own back office. */
async function cancelAtToss(
  state: RunState,
  step: StepOf<"cancel">,
): Promise<void> {
  const { simulator } = state.chaos;
  const { paymentKey, amount } = paymentOf(state, step);
  const half = { cancelAmount: Math.floor(amount / 2) };
  const answer = await fetch(
    `${simulator.url}/v1/payments/${paymentKey}/cancel`,
    {
      method: "POST",
      headers: {
        "authorization": `Basic ${btoa(`${simulator.secretKey}:`)}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({
        cancelReason: "the buyer changed their mind",
        ...(step.share === "half" ? half : {}),
      }),
    },
  );
  await answer.body?.cancel();
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
    case "work": {
      const copies = Array.from(
        { length: step.copies },
        () => work(chaos, step.job),
      );
      await Promise.all(copies);
      return;
    }
    case "advance":
      return await chaos.advance(step.seconds);
    case "restart":
      return await chaos.restartPostgres(step.crash);
  }
}
