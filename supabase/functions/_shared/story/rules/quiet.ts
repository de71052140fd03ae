import { call } from "../commands.ts";
import { type Facts, isOver, payingPayment, type Rule } from "../facts.ts";
import { seoul, won } from "../words.ts";

/** An order that nobody gave up although its time is over. */
export const orderIsOverdue: Rule = (facts) => {
  const { order, lateJobs } = facts.rows;
  if (order?.status !== "pending" || order.isCharge) return null;
  if (!isOver(facts, order.expiresAt, 5)) return null;
  const late = lateJobs.includes("expiry") ? " (the job expiry is late)" : "";
  return {
    says: `Nobody paid, and the order should have ended at ` +
      `${seoul(order.expiresAt)}${late}. To give up what is overdue:`,
    command: call("worker", { job: "expiry" }),
  };
};

function pendingSays(facts: Facts): string {
  const { looks } = facts;
  const seen = looks.find((look) => look.kind === "answered");
  if (seen?.kind !== "answered") {
    return "Nobody has paid: Toss took no money for this order.";
  }
  switch (seen.sight.status) {
    case "READY":
    case "IN_PROGRESS":
      return "The buyer opened the payment window and did not finish: no money " +
        "was taken. Nothing is to be done but to pay again.";
    case "ABORTED":
    case "EXPIRED":
      return `The payment ended without money (${seen.sight.status}). The buyer ` +
        "may pay again while the order lives.";
    default:
      return `Toss says ${seen.sight.status}.`;
  }
}

function refundSays(facts: Facts): string {
  const payment = payingPayment(facts) ??
    facts.rows.payments.find(({ cancels }) => cancels.length > 0);
  const last = payment?.cancels.at(-1);
  if (payment === undefined || last === undefined) return "It was refunded.";
  const back = payment.totalAmount - payment.balanceAmount;
  const way = payment.isVirtualAccount === true
    ? payment.refundStatus === "PENDING"
      ? "The transfer to the buyer's account is under way; Toss is asked daily."
      : "It was transferred to the buyer's account."
    : "A card shows it in three to seven business days, later when it is on the next bill.";
  return `${won(back, payment.currency)} went back, the last at ` +
    `${seoul(last.canceledAt ?? last.createdAt)}. ${way}`;
}

function orderSays(facts: Facts): string {
  const { order, operations } = facts.rows;
  const refused = operations.filter(({ state }) => state === "rejected").at(-1);
  const reason = refused?.errorCode ? ` (${refused.errorCode})` : "";
  switch (order?.status) {
    case "pending":
      return pendingSays(facts);
    case "waiting_for_deposit": {
      const taken = facts.rows.moves.findLast(({ event, from, to }) =>
        event === "payment_status" && from === "DONE" &&
        to === "WAITING_FOR_DEPOSIT"
      );
      if (taken !== undefined) {
        return `The bank took the deposit back at ${
          seoul(taken.at)
        }; the order waits for it again until ${
          seoul(payingPayment(facts)?.dueAt ?? order.expiresAt)
        }.`;
      }
      return `The order waits for its deposit until ${
        seoul(payingPayment(facts)?.dueAt ?? order.expiresAt)
      }; Toss has not seen it yet.`;
    }
    case "paid":
      return order.amount === 0
        ? "The order cost nothing and is paid; Toss knows nothing of it."
        : "It is paid, and Toss says the same.";
    case "partially_refunded":
    case "refunded":
      return refundSays(facts);
    case "failed":
      return `The charge was declined${reason}; no money was taken for this order.`;
    case "canceled":
      return "The order was given up before money came.";
    case "expired":
      return `The order ended without money${reason}. The buyer may order again.`;
    default:
      return "Nothing is known of it.";
  }
}

function subscriptionSays({ rows: { subscription } }: Facts): string {
  if (subscription === null) return "";
  const end = seoul(subscription.currentPeriodEnd);
  switch (subscription.status) {
    case "canceled":
      return `The subscription ended at ${seoul(subscription.endedAt ?? "")} ` +
        `(${
          subscription.endReason ?? "no reason"
        }); nothing is charged any more.`;
    case "trialing":
      return `The trial lasts until ${end}.`;
    default:
      return subscription.cancelAtPeriodEnd
        ? `Notice was given: it ends at ${end}, and nothing is charged any more.`
        : `Its period is paid until ${end}; next charge ` +
          `${seoul(subscription.nextChargeAt ?? end)}.`;
  }
}

/** All is well, or over: what the buyer can be told. */
export function quiet(facts: Facts): { says: string; command: null } {
  const unknown = facts.looks.find((look) => look.kind === "unknown");
  const doubt = unknown?.kind === "unknown"
    ? `Toss could not be asked now (${unknown.why}); from our rows alone: `
    : "";
  const says = facts.rows.isOfSubscription
    ? subscriptionSays(facts)
    : orderSays(facts);
  return {
    says: doubt === ""
      ? says
      : doubt + says.replace(", and Toss says the same", ""),
    command: null,
  };
}
