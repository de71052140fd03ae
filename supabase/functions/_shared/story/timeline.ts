import type { StoryRows } from "../database/story.ts";
import { tossTime } from "../toss/time.ts";
import type { Look } from "./look.ts";
import { describeMove } from "./moves.ts";
import { seoul, shown, won } from "./words.ts";

/** One line of a story. */
export interface Entry {
  /** ISO 8601, time of Seoul. */
  at: string;
  kind:
    | "request"
    | "operation"
    | "toss"
    | "webhook"
    | "move"
    | "refund"
    | "receipt"
    | "notice"
    | "delivery"
    | "withdrawal"
    | "difference"
    | "subscription"
    | "now";
  text: string;
}

/** Lines of the audit log whose own rows tell more. */
const TOLD_BY_ROWS = new Set([
  "operation_started",
  "operation_finished",
  "payment_cancel",
]);

type Line = [at: string | null, kind: Entry["kind"], text: string];

/** What happened, the oldest first; of two at one time the cause first. */
export function timelineOf(rows: StoryRows, looks: readonly Look[]): Entry[] {
  const lines: Line[] = [
    ...rows.orders.map(({ id, amount, createdAt }): Line => [
      createdAt,
      "request",
      `checkout: order ${id} of ${won(amount, rows.order?.currency)}`,
    ]),
    ...subscriptionLines(rows),
    ...rows.moves.filter(({ event }) => !TOLD_BY_ROWS.has(event))
      .map((move): Line => [move.at, "move", describeMove(move)]),
    ...operationLines(rows),
    ...paymentLines(rows),
    ...rows.webhooks.map((event): Line => [
      event.createdAt,
      "webhook",
      [
        `${event.type ?? "an event"}: ${event.status}`,
        event.deliveries > 1 ? `, delivered ${event.deliveries} times` : "",
        event.lastError === null ? "" : ` (${shown(event.lastError)})`,
      ].join(""),
    ]),
    ...aftermathLines(rows),
  ];
  const told = lines.flatMap(([at, kind, text]) =>
    at === null ? [] : [{ at: tossTime(at) ?? at, kind, text }]
  ).sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  const now = tossTime(rows.at) ?? rows.at;
  return [
    ...told,
    ...looks.map((look) => ({
      at: now,
      kind: "toss" as const,
      text: describeLook(look),
    })),
  ];
}

/** What Toss says now, as a sentence. */
export function describeLook(look: Look): string {
  const subject = look.paymentKey === null
    ? `order ${look.orderId}`
    : `payment ${look.paymentKey}`;
  switch (look.kind) {
    case "not_found":
      return `Toss knows no ${subject}`;
    case "unknown":
      return `Toss could not be asked about ${subject}: ${look.why}`;
    case "answered": {
      const { sight } = look;
      const left = sight.balanceAmount === sight.totalAmount
        ? ""
        : `, ${won(sight.balanceAmount, sight.currency)} left`;
      return `Toss says now: ${sight.status}, ` +
        `${
          won(sight.totalAmount, sight.currency)
        }${left}, payment ${sight.paymentKey}`;
    }
  }
}

function subscriptionLines(
  { subscription, isOfSubscription }: StoryRows,
): Line[] {
  if (subscription === null || !isOfSubscription) return [];
  const { planId, createdAt, canceledAt, endedAt, endReason } = subscription;
  return [
    [createdAt, "subscription", `subscribed to ${planId}`],
    [canceledAt, "subscription", "notice was given"],
    [endedAt, "subscription", `ended: ${endReason ?? "no reason"}`],
    ...subscription.charges.map((charge): Line => [
      charge.createdAt,
      "subscription",
      `${charge.kind} of ${won(charge.amount, subscription.currency)}: ` +
      `${charge.status} after ${charge.attempt} attempt(s)` +
      (charge.failureCode === null ? "" : `, ${charge.failureCode}`),
    ]),
  ];
}

function operationLines({ operations }: StoryRows): Line[] {
  return operations.flatMap((each): Line[] => {
    const what = each.amount === null
      ? each.kind
      : `${each.kind} of ${won(each.amount)}`;
    const by = each.requestedBy === "operator" ? ", asked for by the shop" : "";
    const code = each.errorCode === null ? "" : `: ${each.errorCode}`;
    return [
      [each.createdAt, "operation", `${what} sent to Toss${by}`],
      each.finishedAt !== null
        ? [each.finishedAt, "operation", `${what} ${each.state}${code}`]
        : [
          each.nextAt,
          "operation",
          `${what} is ${each.state}${code}; asked again from then on`,
        ],
    ];
  });
}

function paymentLines({ payments }: StoryRows): Line[] {
  return payments.flatMap((payment): Line[] => [
    [
      payment.approvedAt,
      "toss",
      `paid: ${won(payment.totalAmount, payment.currency)}` +
      (payment.method === null ? "" : `, ${payment.method}`),
    ],
    ...payment.cancels.map((cancel): Line => [
      cancel.canceledAt ?? cancel.createdAt,
      "refund",
      `${won(cancel.amount, payment.currency)} back, ${cancel.status}` +
      (cancel.isOurs ? "" : ", asked for outside this project") +
      (cancel.reason === null ? "" : `: ${shown(cancel.reason)}`),
    ]),
  ]);
}

function aftermathLines(rows: StoryRows): Line[] {
  return [
    ...rows.receipts.map((each): Line => [
      each.createdAt,
      "receipt",
      `cash receipt (${each.type}, ${each.transactionType}) of ` +
      `${won(each.amount)}: ${each.status}`,
    ]),
    ...rows.notices.map((each): Line => [
      each.sentAt ?? each.createdAt,
      "notice",
      `${each.notice} by ${each.channel}: ${each.status}` +
      (each.error === null ? "" : ` (${shown(each.error)})`),
    ]),
    ...rows.deliveries.map((each): Line => [
      each.finishedAt ?? each.createdAt,
      "delivery",
      `${each.type ?? "event"} to endpoint ${each.endpointId}: ${each.status}` +
      (each.responseStatus === null ? "" : ` (HTTP ${each.responseStatus})`),
    ]),
    ...rows.withdrawals.flatMap((each): Line[] => [
      [
        each.requestedAt,
        "withdrawal",
        `the buyer wants to give it back; due ${seoul(each.dueAt)}`,
      ],
      [each.decidedAt, "withdrawal", each.status],
    ]),
    ...rows.differences.flatMap((each): Line[] => [
      [each.createdAt, "difference", `${each.kind}: ${each.reason}`],
      [each.resolvedAt, "difference", `${each.kind} ${each.resolution ?? ""}`],
    ]),
  ];
}
