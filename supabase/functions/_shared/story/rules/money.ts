import { ACCOUNT_FIRST, refund, toss } from "../commands.ts";
import {
  alertOf,
  isOver,
  lookAgain,
  nextRequestId,
  onlyAPerson,
  openOperations,
  payingPayment,
  type Rule,
} from "../facts.ts";
import type { ToldPayment } from "../../database/story.ts";
import { isOpenAtToss } from "../look.ts";
import { seoul, won } from "../words.ts";

/** Whether its money arrived; Toss may leave out when. */
function isPaid({ status, approvedAt }: ToldPayment): boolean {
  return approvedAt !== null || status === "DONE" ||
    status === "PARTIAL_CANCELED";
}

/** The buyer paid twice: the payment that does not pay the order goes back. */
export const secondPayment: Rule = (facts) => {
  if (alertOf(facts, "second_payment") === undefined) return null;
  const second = facts.rows.moves
    .filter(({ event }) => event === "second_payment")
    .map(({ paymentKey }) =>
      facts.rows.payments.find((each) => each.paymentKey === paymentKey)
    ).find((payment) =>
      payment !== undefined && isPaid(payment) &&
      payment.balanceAmount > 0 && !payment.paysOrder
    );
  if (second === undefined) return null;
  if (second.reservedAmount >= second.balanceAmount) return null;
  const toAccount = second.isVirtualAccount === true;
  return {
    says:
      `Paid twice: ${won(second.balanceAmount, second.currency)} of payment ` +
      `${second.paymentKey} go back, and the order stays paid.` +
      (toAccount ? ` ${ACCOUNT_FIRST}` : ""),
    command: refund({
      paymentKey: second.paymentKey,
      cancelReason: "paid twice",
      requestId: nextRequestId(facts, second),
      toAccount,
    }),
  };
};

/** Toss's amount or currency is not the order's, so its answer is not believed. */
export const answerMismatch: Rule = (facts) => {
  if (alertOf(facts, "answer_mismatch") === undefined) return null;
  const isOver = facts.looks.length > 0 &&
    facts.looks.every((look) =>
      look.kind === "not_found" ||
      look.kind === "answered" && (!isOpenAtToss(look.sight) ||
          look.sight.totalAmount === facts.rows.order?.amount)
    );
  if (isOver) {
    return {
      says: "Toss named another amount than the order's, and shows the right " +
        "one, or no money, now: have its answer applied.",
      command: lookAgain(facts),
    };
  }
  return onlyAPerson(
    "Toss took another amount than the order's, so nothing was applied. " +
      "Compare it in Toss's dashboard and refund it there.",
    lookAgain(facts),
  );
};

/** The last comparison with Toss's list found something that its answer did not heal. */
export const openDifference: Rule = (facts) => {
  const open = facts.rows.differences.find(({ resolvedAt }) =>
    resolvedAt === null
  );
  if (open === undefined) return null;
  const command = toss("reconcile");
  if (facts.differences.length === 0) {
    return {
      says:
        `Toss and the rows agree again about ${open.paymentKey}; the next ` +
        "comparison closes the difference.",
      command,
    };
  }
  switch (open.kind) {
    case "missing_here":
      return onlyAPerson(
        `payment ${open.paymentKey} is Toss's alone and cannot pay this order ` +
          `(${open.reason}). Give it back in Toss's dashboard.`,
        command,
      );
    case "missing_at_toss":
    case "cancel_missing_at_toss":
    case "amount":
      return onlyAPerson(
        `${open.reason}. Look at ${open.paymentKey} in Toss's dashboard, ask ` +
          "Toss's support, and edit no row.",
        command,
      );
    default:
      return {
        says: `Toss knows more about ${open.paymentKey} than the rows: ` +
          `${open.reason}.`,
        command: lookAgain(facts),
      };
  }
};

/** Toss pays the shop out otherwise than the books explain. */
export const settledOtherwise: Rule = (facts) => {
  const alert = alertOf(facts, "settlement_difference");
  if (alert === undefined) return null;
  return onlyAPerson(
    `${
      alert.detail ?? "a settlement differs"
    }. Compare it in Toss's dashboard ` +
      "and ask Toss's support (docs/settlements.md); a later comparison closes it.",
    toss("reconcile"),
  );
};

/** Toss says something else now: its answer is applied through the one door. */
export const differsNow: Rule = (facts) => {
  const [first] = facts.differences;
  if (first === undefined) return null;
  if (first.theirs === null) {
    return onlyAPerson(
      `${first.text}. Were the keys of another shop set, or the row written ` +
        "by hand? Keep it, and ask Toss's support.",
      toss("reconcile"),
    );
  }
  if (first.field === "currency" || first.field === "totalAmount") {
    return onlyAPerson(
      `${first.text}. Compare it in Toss's dashboard; edit no row.`,
      toss("reconcile"),
    );
  }
  return {
    says: `Toss and the database differ (${first.text}). Have Toss's answer ` +
      "applied.",
    command: lookAgain(facts),
  };
};

const DASHBOARD =
  "for 14 days no answer came. Look for the orderId in Toss's dashboard, then " +
  "docs/operations.md, A charge nobody knows of.";

/** Toss has not said yet how a call ended. */
export const openOperation: Rule = (facts) => {
  const [open] = openOperations(facts);
  if (open === undefined) return null;
  const code = open.errorCode === null ? "" : ` (${open.errorCode})`;
  if (open.errorCode === "IDEMPOTENCY_KEY_EXPIRED") {
    return onlyAPerson(DASHBOARD, lookAgain(facts));
  }
  const when = open.isQueued
    ? "It waits for another refund of the payment."
    : isOver(facts, open.nextAt)
    ? "It is asked again within a minute."
    : `It is asked again at ${seoul(open.nextAt)}.`;
  const late = facts.rows.lateJobs.includes("operations")
    ? " The job operations is late: see `toss doctor`."
    : "";
  return {
    says: `Toss has not said how the ${open.kind} ended${code}. ${when} ` +
      `Nothing can be charged or refunded twice meanwhile.${late} To ask now:`,
    command: lookAgain(facts),
  };
};

/** An order that was given up has been paid after all, and a product is short. */
export const paidWithoutStock: Rule = (facts) => {
  const alert = alertOf(facts, "late_payment_without_stock");
  const payment = payingPayment(facts);
  if (alert === undefined || payment === undefined) return null;
  const toAccount = payment.isVirtualAccount === true;
  return onlyAPerson(
    "the money came after the order was given up, and a product is short: " +
      "ship when you have it, or refund." +
      (toAccount ? ` ${ACCOUNT_FIRST}` : ""),
    refund({
      paymentKey: payment.paymentKey,
      cancelReason: "out of stock",
      requestId: nextRequestId(facts, payment),
      toAccount,
    }),
  );
};
