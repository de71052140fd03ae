import { call } from "../commands.ts";
import {
  alertOf,
  isOver,
  lookAgain,
  onlyAPerson,
  payingPayment,
  type Rule,
} from "../facts.ts";
import { seoul } from "../words.ts";

/** An account's deadline has passed, and the order still waits. */
export const deadlinePassed: Rule = (facts) => {
  const payment = payingPayment(facts);
  const isWaiting = facts.rows.order?.status === "waiting_for_deposit";
  if (!isWaiting || payment === undefined || payment.dueAt === null) {
    return null;
  }
  if (!isOver(facts, payment.dueAt)) return null;
  if (!isOver(facts, payment.askedAt, 5)) {
    return onlyAPerson(
      `the deposit was due at ${
        seoul(payment.dueAt)
      }, Toss was asked and does ` +
        "not say how it ended. It is asked by itself until it does; if its " +
        "dashboard does not show the payment, ask Toss's support.",
      lookAgain(facts),
    );
  }
  return {
    says:
      `The deposit was due at ${seoul(payment.dueAt)}, and Toss has not been ` +
      "asked since. Ask how it ended:",
    command: lookAgain(facts),
  };
};

/** A page let the window issue an account that holds its stock for long. */
export const deadlineIsFar: Rule = (facts) => {
  const { order } = facts.rows;
  if (alertOf(facts, "deadline_far") === undefined || order === null) {
    return null;
  }
  return onlyAPerson(
    "the account of the payment window may be paid until a far day, and holds " +
      "its stock until then. If nobody means to pay, give the order up (and set " +
      "validHours in the page):",
    call("cancel", {
      orderId: order.id,
      cancelReason: "not paid",
      requestId: `give-up-${order.id.slice(-12)}`,
    }),
  );
};
