import { call, refund, toss } from "../commands.ts";
import {
  alertOf,
  isOver,
  nextRequestId,
  onlyAPerson,
  openCharges,
  openOperations,
  payingPayment,
  type Rule,
} from "../facts.ts";
import { seoul, won } from "../words.ts";

/** A period that nobody charges. */
export const chargeIsOverdue: Rule = (facts) => {
  const { subscription } = facts.rows;
  if (subscription === null || subscription.status === "canceled") return null;
  const declined = openCharges(facts)
    .find(({ status }) => status === "declined");
  const isDue = isOver(facts, declined?.nextAttemptAt ?? null, 5) ||
    declined === undefined && isOver(facts, subscription.nextChargeAt, 5);
  if (!isDue || openOperations(facts).length > 0) return null;
  const late = facts.rows.lateJobs.length === 0
    ? ""
    : ` Jobs are late (${facts.rows.lateJobs.join(", ")}): see toss doctor.`;
  return {
    says: `${won(subscription.amount, subscription.currency)} have been due ` +
      `since ${
        seoul(declined?.nextAttemptAt ?? subscription.nextChargeAt ?? "")
      } and were not charged.${late} To charge what is due:`,
    command: toss("charge"),
  };
};

/** A charge that no further attempt on this card can pay. */
export const cardIsNeeded: Rule = (facts) => {
  const { subscription } = facts.rows;
  if (subscription?.status !== "past_due") return null;
  const declined = openCharges(facts)
    .find(({ status }) => status === "declined");
  if (declined === undefined) return null;
  const retry = call("subscription", {
    subscriptionId: subscription.id,
    action: "retry_payment",
  });
  if (declined.nextAttemptAt !== null) {
    return {
      says:
        `The card was declined (${declined.failureCode ?? "no code"}). It is ` +
        `tried again at ${
          seoul(declined.nextAttemptAt)
        } by itself; now, when ` +
        "the buyer asks for it:",
      command: retry,
    };
  }
  return onlyAPerson(
    `the card was declined for good (${
      declined.failureCode ?? "no code"
    }): the ` +
      "buyer registers another one, which is charged at once; to try the old " +
      "one after all:",
    retry,
  );
};

/** Money of a running period went back, and its access stays. */
export const periodNotPaid: Rule = (facts) => {
  const { subscription } = facts.rows;
  if (
    alertOf(facts, "period_not_fully_paid") === undefined ||
    subscription === null
  ) return null;
  return onlyAPerson(
    "one of several payments of the running period went back, and the plan " +
      "stays. Meant as a gift: nothing. Else end it:",
    call("subscription", {
      subscriptionId: subscription.id,
      action: "cancel_now",
    }),
  );
};

/** A subscription ended because its user is gone. */
export const userIsGone: Rule = (facts) => {
  if (alertOf(facts, "user_deleted") === undefined) return null;
  const payment = payingPayment(facts);
  // Once a part went back, somebody has decided.
  if (payment === undefined || payment.balanceAmount < payment.totalAmount) {
    return null;
  }
  return onlyAPerson(
    "the user's account was deleted and the subscription ended. If you owe what " +
      "is left of the period, give it back (lower cancelAmount as you see fit):",
    refund({
      paymentKey: payment.paymentKey,
      cancelReason: "account deleted",
      requestId: nextRequestId(facts, payment),
      cancelAmount: payment.balanceAmount,
    }),
  );
};
