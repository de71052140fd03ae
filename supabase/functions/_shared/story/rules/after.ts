import { call, toss } from "../commands.ts";
import {
  alertOf,
  isOver,
  lookAgain,
  onlyAPerson,
  type Rule,
  tellAgain,
} from "../facts.ts";
import { shown } from "../words.ts";

/** A webhook whose answer could not be used, or that nobody processed. */
export const webhookWaits: Rule = (facts) => {
  const { webhooks, lateJobs } = facts.rows;
  const dead = webhooks.find(({ status }) => status === "dead");
  if (dead !== undefined) {
    return {
      says:
        `A webhook was given up (${
          shown(dead.lastError ?? "no reason")
        }). Once its ` +
        "cause is mended, have Toss asked again:",
      command: lookAgain(facts),
    };
  }
  const open = webhooks.find(({ status, createdAt }) =>
    ["received", "processing", "failed"].includes(status) &&
    isOver(facts, createdAt, status === "failed" ? 0 : 2)
  );
  if (open === undefined) return null;
  const late = lateJobs.includes("webhooks")
    ? " The job webhooks is late: see toss doctor."
    : "";
  return {
    says: `A webhook is ${open.status}` +
      (open.lastError === null ? "" : ` (${shown(open.lastError)})`) +
      ` and is tried again by itself.${late} To ask Toss now:`,
    command: lookAgain(facts),
  };
};

/** The shop's own function raised. */
export const hookIsOwed: Rule = (facts) => {
  const { owedHooks, order } = facts.rows;
  if (owedHooks === 0 || order === null) return null;
  const reason = shown(alertOf(facts, "hook_failed")?.detail ?? "");
  return {
    says:
      `The shop's own order hook is owed ${owedHooks} call(s); the order has ` +
      `moved all the same. Mend the function, then call it again. ${reason}`
        .trim(),
    command: toss("replay", "--hook", order.id),
  };
};

/** What the tax office or Toss did not do about a cash receipt. */
export const receiptInDoubt: Rule = (facts) => {
  const { order, receipts } = facts.rows;
  if (order === null) return null;
  const cancel = call("cash-receipt", {
    orderId: order.id,
    requestId: `by-hand-${order.id.slice(-12)}-${receipts.length}`,
  }, "DELETE");
  const ask = call("worker", { job: "cash_receipts" });
  if (alertOf(facts, "cash_receipt_twice")) {
    return onlyAPerson(
      "two cash receipts of this payment live, one made outside this project. " +
        "Cancel that one in Toss's dashboard, or the newer one here:",
      cancel,
    );
  }
  if (alertOf(facts, "cash_receipt_exceeds")) {
    return {
      says:
        "More is on the order's cash receipts than is left of its payment. " +
        "It is tried again daily; to cancel what is left of the receipt:",
      command: cancel,
    };
  }
  if (alertOf(facts, "cash_receipt_tax_differs")) {
    return {
      says:
        "After a refund the cash receipt shows another tax-free part than is " +
        "left. Cancel it, and let the buyer ask for another one:",
      command: cancel,
    };
  }
  const refused = alertOf(facts, "cash_receipt_refused");
  if (refused !== undefined) {
    return onlyAPerson(
      `the receipt that nobody asked for was refused (${
        refused.detail ?? ""
      }). ` +
        "Mend what the code names, or issue it in Toss's dashboard; it is tried " +
        "daily for thirty days, and with:",
      ask,
    );
  }
  if (alertOf(facts, "cash_receipt_in_progress") !== undefined) {
    return onlyAPerson(
      "the tax office has not answered about the cash receipt for two days: look " +
        "at it in Toss's dashboard, ask Toss's support. To ask for it again:",
      ask,
    );
  }
  return null;
};

/** A page asked Toss for another tax-free part. */
export const taxSplitDiffers: Rule = (facts) =>
  alertOf(facts, "tax_split_differs") === undefined ? null : onlyAPerson(
    "the page asked Toss for another tax-free part than the order's; the money " +
      "stands. Hand taxFreeAmount of checkout's answer to requestPayment, and " +
      "tell your accountant.",
    tellAgain(facts),
  );

/** A notice that no channel could send. */
export const noticeNotSent: Rule = (facts) => {
  const alert = alertOf(facts, "notice_not_sent") ??
    alertOf(facts, "notice_late");
  if (alert === undefined) return null;
  return onlyAPerson(
    `${alert.detail ?? "a notice did not go out"}. Mend the channel ` +
      "(docs/notices.md), and tell the buyer yourself.",
    tellAgain(facts),
  );
};

/** A receiver that did not take an event. */
export const deliveryFailed: Rule = (facts) => {
  const failed = facts.rows.deliveries.find(({ status }) =>
    status === "failed"
  );
  const waiting = facts.rows.deliveries.find(({ status, endpointStatus }) =>
    status === "pending" && endpointStatus === "disabled"
  );
  const missed = failed ?? waiting;
  if (missed === undefined) return null;
  if (missed.endpointStatus === "disabled") {
    return {
      says:
        "Your receiver was disabled because it failed for days. Once it is " +
        "mended, enable it: what waits is sent.",
      command: call("webhook-endpoints", {
        action: "enable",
        id: missed.endpointId,
      }),
    };
  }
  return {
    says:
      "Your receiver did not take an event of this order. Once it is mended, " +
      "send it again:",
    command: toss("replay", "--outbox-event", missed.eventId),
  };
};
