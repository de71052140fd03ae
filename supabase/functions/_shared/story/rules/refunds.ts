import { ACCOUNT_FIRST, call, refund, toBuyersAccount } from "../commands.ts";
import {
  alertOf,
  type Facts,
  lookAgain,
  nextRequestId,
  onlyAPerson,
  operationOf,
  payingPayment,
  type Rule,
} from "../facts.ts";
import type { ToldOperation, ToldPayment } from "../../database/story.ts";
import { seoul, won } from "../words.ts";

/** Whether as much went back in Toss's dashboard after a refund was begun here: that was this refund. */
function wentBackSince(payment: ToldPayment, operation: ToldOperation) {
  return payment.cancels.some(
    ({ isOurs, amount, status, canceledAt, createdAt }) =>
      !isOurs && amount === operation.amount && status !== "ABORTED" &&
      Date.parse(canceledAt ?? createdAt) >= Date.parse(operation.createdAt),
  );
}

/** The same refund once more; with the same requestId when the one before was nobody's fault. */
function refundAgain(
  facts: Facts,
  operation: ToldOperation,
  requestId: string,
): string | null {
  const payment = facts.rows.payments.find(({ paymentKey }) =>
    paymentKey === operation.paymentKey
  );
  if (payment === undefined || wentBackSince(payment, operation)) return null;
  return refund({
    paymentKey: payment.paymentKey,
    cancelReason: operation.reason ?? "refund",
    requestId,
    ...(operation.cancelAll || operation.amount === null
      ? {}
      : { cancelAmount: operation.amount }),
    ...(operation.taxFreeAmount === null
      ? {}
      : { taxFreeAmount: operation.taxFreeAmount }),
    toAccount: payment.isVirtualAccount === true,
  });
}

/** For 14 days Toss has shown nothing of a refund. */
export const refundNotProven: Rule = (facts) => {
  const alert = alertOf(facts, "cancel_not_proven");
  const operation = operationOf(facts, alert?.subject);
  if (operation === undefined) return null;
  const command = refundAgain(
    facts,
    operation,
    operation.requestId ??
      nextRequestId(facts, { paymentKey: operation.paymentKey ?? "" }),
  );
  if (command === null) return null;
  return {
    says:
      "A refund was given up: for 14 days Toss has shown nothing of it, and " +
      "its balance is still there. Send it again.",
    command,
  };
};

/** A foreign wallet began a refund and ended it without giving anything back. */
export const refundAborted: Rule = (facts) => {
  const alert = alertOf(facts, "refund_aborted");
  const operation = operationOf(facts, alert?.subject);
  if (operation === undefined) return null;
  return {
    says: "Toss began this refund and aborted it; the money is still there. " +
      "Refund again.",
    command: refundAgain(
      facts,
      operation,
      nextRequestId(facts, { paymentKey: operation.paymentKey ?? "" }),
    ),
  };
};

/** Toss gave the money back, and the bank did not take it. */
export const transferFailed: Rule = (facts) => {
  if (alertOf(facts, "refund_account_failed") === undefined) return null;
  return onlyAPerson(
    "the order is refunded, but Toss could not transfer the money to the buyer's " +
      "account. Ask Toss's support for it, and the buyer for the right account.",
    lookAgain(facts),
  );
};

/** A buyer waits for a decision, or for the refund of one. */
export const withdrawal: Rule = (facts) => {
  const refused = alertOf(facts, "withdrawal_refund_refused");
  const open = facts.rows.withdrawals.find(({ id, status }) =>
    id === refused?.subject || status === "requested"
  );
  if (open === undefined) return null;
  const toAccount = payingPayment(facts)?.isVirtualAccount === true;
  const part = refused &&
    operationOf(facts, open.refundOperationId ?? undefined);
  const accept = call("withdrawal", {
    withdrawalId: open.id,
    action: "accept",
    ...(part && !part.cancelAll && part.amount !== null
      ? { cancelAmount: part.amount }
      : {}),
  });
  const command = toAccount ? toBuyersAccount(accept) : accept;
  const account = toAccount ? ` ${ACCOUNT_FIRST}` : "";
  if (refused !== undefined) {
    return {
      says:
        `Its withdrawal was accepted, and Toss refused the refund. Mend what ` +
        `the code says, and accept again.${account}`,
      command,
    };
  }
  return onlyAPerson(
    `decide the buyer's withdrawal until ${seoul(open.dueAt)}; to accept it, ` +
      `which is the refund:${account}`,
    command,
  );
};

/** A refund that was refused, while the money is still there. */
export const refundRefused: Rule = (facts) => {
  const last = facts.rows.operations.filter(({ kind }) => kind === "cancel")
    .at(-1);
  const payment = facts.rows.payments.find(({ paymentKey }) =>
    paymentKey === last?.paymentKey
  );
  if (last?.state !== "rejected" || !payment?.balanceAmount) return null;
  const command = refundAgain(facts, last, nextRequestId(facts, payment));
  if (command === null) return null;
  const amount = last.amount === null ? "" : ` of ${won(last.amount)}`;
  return onlyAPerson(
    `Toss refused the last refund${amount}: ${
      last.errorCode ?? "no code"
    }. Mend ` +
      "what the code says (docs/refunds.md), then refund again." +
      (payment.isVirtualAccount === true ? ` ${ACCOUNT_FIRST}` : ""),
    command,
  );
};
