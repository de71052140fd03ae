import type { Check } from "../context.ts";
import type { Diagnosis } from "../diagnosis.ts";
import { duration } from "../duration.ts";
import { fail, type Finding, ok, unchecked, warn } from "../finding.ts";

type Alert = Diagnosis["alerts"][number];

/** Alerts that have a check of their own, and what to do about them. */
const NAMED: readonly {
  check: string;
  alert: string;
  what: string;
  action: string;
}[] = [{
  check: "unknown_operations",
  alert: "operation_without_proof",
  what: "calls whose end Toss has not told",
  action:
    "docs/operations.md, Stuck operation. Nothing is charged again meanwhile.",
}, {
  check: "dead_webhooks",
  alert: "webhook_dead",
  what: "webhooks that were given up",
  action:
    "Mend the cause in webhook_events.last_error, then: npx -y deno task toss replay --status dead",
}, {
  check: "waiting_webhooks",
  alert: "webhook_waiting",
  what: "webhooks that wait",
  action: "docs/operations.md, Webhooks.",
}, {
  check: "sweep_backlog",
  alert: "sweep_backlog",
  what: "backlogs of questions to Toss",
  action:
    "docs/virtual-accounts.md, The sweep. Look for accounts that nobody means to pay into.",
}];

/** What the inbox of webhooks raises when it is too large or grows too fast. */
const INBOX_ALERTS: Readonly<Record<string, string>> = {
  webhook_inbox_large: "takes more than 250 MB",
  webhook_flood: "gets more than a thousand events without proof an hour",
};

/** What deliveries of events raise. */
const DELIVERY_ALERTS: Readonly<Record<string, string>> = {
  endpoint_disabled: "disabled after five days of failures",
  endpoint_failing: "failing",
  delivery_failed: "without events that were given up",
};

/** What comparing with Toss's list raises. */
const RECONCILIATION_ALERTS: Readonly<Record<string, string>> = {
  reconciliation_difference: "difference(s) between Toss and the database",
  reconciliation_failed: "comparison(s) that Toss did not let end",
};

/** What reading Toss's settlements raises. */
const SETTLEMENT_ALERTS: Readonly<Record<string, string>> = {
  settlement_difference: "that our books do not explain, or that are missing",
  settlements_unread: "list(s) that Toss did not give",
};

/** What notices to buyers raise. */
const NOTICE_ALERTS: Readonly<Record<string, string>> = {
  notice_not_sent: "required ones that nobody got",
  notice_late: "required ones that are late",
  notice_channel_failing: "channels that fail",
  notice_template_refused: "kinds without their template",
  notice_address_failed: "look-ups of addresses that fail",
};

/** What cash receipts raise. */
const RECEIPT_ALERTS: Readonly<Record<string, string>> = {
  cash_receipt_in_progress: "not answered by the tax office",
  cash_receipt_refused: "that nobody asked for and that could not be issued",
  cash_receipt_exceeds: "for more than is left of the payment",
  cash_receipt_twice: "beside another one of the same payment",
  cash_receipt_tax_differs: "with another tax-free part than is left",
};

/** Late jobs are judged as heartbeats. */
const JUDGED_ELSEWHERE = new Set([
  "job_late",
  ...Object.keys(INBOX_ALERTS),
  ...Object.keys(DELIVERY_ALERTS),
  ...Object.keys(RECONCILIATION_ALERTS),
  ...Object.keys(SETTLEMENT_ALERTS),
  ...Object.keys(NOTICE_ALERTS),
  ...Object.keys(RECEIPT_ALERTS),
  ...NAMED.map(({ alert }) => alert),
]);

/** Nothing waits for longer than it should, and the books are whole. */
export const checkBacklog: Check = ({ database }) => {
  if (database.outcome === "unknown") {
    const checks = [
      ...NAMED.map(({ check }) => check),
      ...[
        "webhook_inbox",
        "webhook_endpoints",
        "notices",
        "cash_receipts",
        "reconciliation",
        "settlements",
        "alerts",
        "invariants",
      ],
    ];
    return checks.map((check) => unchecked(check, database.problem.check));
  }
  const { alerts, invariantViolations } = database.diagnosis;
  return [
    ...NAMED.map(({ check, alert, what, action }) => {
      const rows = alerts.filter((row) => row.alert === alert);
      const detail = `${countOf(rows)} ${what}, the oldest for ${ageOf(rows)}`;
      return judge(check, rows, { none: `no ${what}`, detail, action });
    }),
    judgeInbox(alerts),
    judgeEndpoints(alerts),
    judgeReconciliation(alerts),
    judgeSettlements(alerts),
    judgeNotices(alerts),
    judgeReceipts(alerts),
    judgeOthers(alerts.filter(({ alert }) => !JUDGED_ELSEWHERE.has(alert))),
    judgeInvariants(invariantViolations),
  ];
};

function countOf(rows: readonly Alert[]): number {
  return rows.reduce((sum, { count }) => sum + count, 0);
}

function ageOf(rows: readonly Alert[]): string {
  return duration(Math.max(0, ...rows.map((row) => row.oldestSeconds)));
}

function judge(
  check: string,
  rows: readonly Alert[],
  text: { none: string; detail: string; action: string },
): Finding {
  if (rows.length === 0) return ok(check, text.none);
  return rows.some(({ level }) => level === "critical")
    ? fail(check, text.detail, text.action)
    : warn(check, text.detail, text.action);
}

function judgeInbox(alerts: readonly Alert[]): Finding {
  const rows = alerts.filter(({ alert }) => alert in INBOX_ALERTS);
  return judge("webhook_inbox", rows, {
    none: "the inbox of webhooks is small, and nobody floods it",
    detail: `the inbox ${
      rows.map(({ alert }) => INBOX_ALERTS[alert]).join(", and ")
    }`,
    action:
      "docs/operations.md, Alerts. Set WEBHOOK_URL_TOKEN against strangers; what was processed may be archived.",
  });
}

function judgeEndpoints(alerts: readonly Alert[]): Finding {
  const rows = alerts.filter(({ alert }) => alert in DELIVERY_ALERTS);
  const named = rows.map((row) =>
    `${row.count} ${DELIVERY_ALERTS[row.alert]} for ${ageOf([row])}`
  );
  return judge("webhook_endpoints", rows, {
    none: "every endpoint takes its events",
    detail: `endpoints: ${named.join(", ")}`,
    action: "docs/events.md, When a receiver fails.",
  });
}

function judgeReconciliation(alerts: readonly Alert[]): Finding {
  const rows = alerts.filter(({ alert }) => alert in RECONCILIATION_ALERTS);
  const named = rows.map((row) =>
    `${row.count} ${RECONCILIATION_ALERTS[row.alert]} for ${ageOf([row])}`
  );
  return judge("reconciliation", rows, {
    none: "Toss's list of transactions and the database agree",
    detail: named.join(", "),
    action: "docs/reconciliation.md. Rows: npx -y deno task toss reconcile",
  });
}

function judgeSettlements(alerts: readonly Alert[]): Finding {
  const rows = alerts.filter(({ alert }) => alert in SETTLEMENT_ALERTS);
  const named = rows.map((row) =>
    `${row.count} ${SETTLEMENT_ALERTS[row.alert]} for ${ageOf([row])}`
  );
  return judge("settlements", rows, {
    none: "our books explain all that Toss settled",
    detail: `settlements: ${named.join(", ")}`,
    action:
      "docs/settlements.md. Rows: select * from public.settlement_differences where resolved_at is null;",
  });
}

function judgeNotices(alerts: readonly Alert[]): Finding {
  const rows = alerts.filter(({ alert }) => alert in NOTICE_ALERTS);
  const named = rows.map((row) =>
    `${row.count} ${NOTICE_ALERTS[row.alert]} for ${ageOf([row])}`
  );
  return judge("notices", rows, {
    none: "no notice to a buyer is late",
    detail: `notices: ${named.join(", ")}`,
    action: "docs/notices.md, When a notice does not arrive.",
  });
}

function judgeReceipts(alerts: readonly Alert[]): Finding {
  const rows = alerts.filter(({ alert }) => alert in RECEIPT_ALERTS);
  const named = rows.map((row) =>
    `${row.count} ${RECEIPT_ALERTS[row.alert]} for ${ageOf([row])}`
  );
  return judge("cash_receipts", rows, {
    none: "every cash receipt fits its payment",
    detail: `cash receipts: ${named.join(", ")}`,
    action: "docs/operations.md, Alerts.",
  });
}

function judgeOthers(rows: readonly Alert[]): Finding {
  const named = rows.map(({ alert, count }) => `${count} ${alert}`);
  return judge("alerts", rows, {
    none: "nothing else needs a person",
    detail: `${named.join(", ")}, the oldest for ${ageOf(rows)}`,
    action: "docs/operations.md, Alerts. Rows: select * from public.alerts;",
  });
}

function judgeInvariants(
  violations: Diagnosis["invariantViolations"],
): Finding {
  const check = "invariants";
  if (violations.length === 0) return ok(check, "the books are whole");
  const named = violations.map(({ invariant, count }) =>
    `${invariant} (${count})`
  );
  return fail(
    check,
    `violated: ${named.join(", ")}`,
    "docs/operations.md, Violated invariants. Rows: select * from public.invariant_violations();",
  );
}
