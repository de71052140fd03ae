import { z } from "zod";
import { readStoryRows, type StoryRows } from "../database/story.ts";
import type { Database } from "../database/client.ts";
import { tossTime } from "../toss/time.ts";
import type { TossClients } from "../toss/clients.ts";
import { compare } from "./compare.ts";
import { conclude } from "./conclude.ts";
import { type Look, lookAtToss } from "./look.ts";
import { timelineOf } from "./timeline.ts";

const text = z.string().nullable();
const amount = z.number().int().describe("in the currency's minor unit");

const cancel = z.strictObject({
  transactionKey: text,
  amount,
  status: z.string(),
  canceledAt: text,
});

/** What `toss order --json` prints. */
export const story = z.strictObject({
  order: z.strictObject({
    id: z.string(),
    reference: text,
    status: z.string(),
    orderName: z.string(),
    amount,
    taxFreeAmount: amount,
    currency: z.string(),
    createdAt: z.string(),
    expiresAt: z.string(),
  }).nullable().describe(
    "the order; of a subscription its last one, null while it has none",
  ),
  payments: z.array(z.strictObject({
    paymentKey: z.string(),
    orderId: z.string(),
    status: z.string(),
    method: text,
    totalAmount: amount,
    balanceAmount: amount,
    currency: z.string(),
    approvedAt: text,
    paysOrder: z.boolean(),
    cancels: z.array(cancel),
  })).describe("as the database has them"),
  subscription: z.strictObject({
    id: z.string(),
    status: z.string(),
    planId: z.string(),
    amount,
    currency: z.string(),
    currentPeriodStart: z.string(),
    currentPeriodEnd: z.string(),
    nextChargeAt: text,
    cancelAtPeriodEnd: z.boolean(),
    endedAt: text,
    endReason: text,
  }).nullable(),
  toss: z.strictObject({
    status: z.string(),
    paymentKey: z.string(),
    orderId: z.string(),
    method: text,
    totalAmount: amount,
    balanceAmount: amount,
    currency: z.string(),
    requestedAt: text,
    approvedAt: text,
    cancels: z.array(cancel),
    dueAt: text,
    refundStatus: text,
  }).nullable().describe(
    "what Toss says now; null when it knows no payment or could not be asked, which the timeline says",
  ),
  differs: z.boolean(),
  differences: z.array(z.strictObject({
    paymentKey: z.string(),
    field: z.string(),
    ours: z.union([z.string(), z.number()]).nullable(),
    theirs: z.union([z.string(), z.number()]).nullable(),
    text: z.string(),
  })),
  next: z.strictObject({
    command: z.string().describe(
      "runs as pasted, with the variables of `toss status`",
    ),
    why: z.string(),
  }).nullable().describe("the next step; null when nothing is to be done"),
  timeline: z.array(z.strictObject({
    at: z.string().describe("ISO 8601, time of Seoul"),
    kind: z.enum([
      "request",
      "operation",
      "toss",
      "webhook",
      "move",
      "refund",
      "receipt",
      "notice",
      "delivery",
      "withdrawal",
      "difference",
      "subscription",
      "now",
    ]),
    text: z.string(),
  })).describe("the oldest first; the last line is how it stands"),
});

/** One order's story; see {@link story}. */
export type Story = z.output<typeof story>;

/**
 * Tells the story of one order, or of one subscription with its last orders.
 *
 * How to call it, from a function that only the secret key opens:
 *
 * ```ts
 * const told = await readStory({
 *   database: services.database,
 *   toss: services.toss(logger, (made) => findKnownPayment(services.database, made)),
 *   id,
 * });
 * ```
 *
 * A read: it writes nothing, here or at Toss. It reads the rows with one SQL function (`public.read_story`), asks Toss
 * about at most six payments, and tells no name, address, secret or identity number.
 *
 * @param id orderId, paymentKey, a subscription's id, the shop's reference, or the id of a row about one of them (an
 * operation, webhook, withdrawal, notice, charge: what alerts name)
 * @returns null when nothing has this id. Amounts in the minor unit, times of Seoul
 * @throws DatabaseError when the rows could not be read. That Toss could not be asked is part of the story
 */
export async function readStory(
  { database, toss, id }: {
    database: Database;
    toss: Pick<TossClients, "of">;
    id: string;
  },
): Promise<Story | null> {
  const rows = await readStoryRows(database, id);
  if (rows === null) return null;
  return tellStory(rows, await lookAtToss(toss, rows));
}

/** The story of these rows, when Toss answers this: the pure part of {@link readStory}. */
export function tellStory(rows: StoryRows, looks: readonly Look[]): Story {
  const { order, subscription, isOfSubscription } = rows;
  const differences = compare(rows, looks);
  const id = isOfSubscription ? subscription?.id : order?.id;
  const { says, command } = conclude({
    ...{ rows, looks, differences },
    id: id ?? "",
    now: Date.parse(rows.at),
  });
  return {
    order: order === null ? null : {
      id: order.id,
      reference: order.reference,
      status: order.status,
      orderName: order.orderName,
      amount: order.amount,
      taxFreeAmount: order.taxFreeAmount,
      currency: order.currency,
      createdAt: inSeoul(order.createdAt),
      expiresAt: inSeoul(order.expiresAt),
    },
    payments: rows.payments.map((payment) => ({
      paymentKey: payment.paymentKey,
      orderId: payment.orderId,
      status: payment.status,
      method: payment.method,
      totalAmount: payment.totalAmount,
      balanceAmount: payment.balanceAmount,
      currency: payment.currency,
      approvedAt: inSeoulOrNull(payment.approvedAt),
      paysOrder: payment.paysOrder,
      cancels: payment.cancels.map((each) => ({
        transactionKey: each.transactionKey,
        amount: each.amount,
        status: each.status,
        canceledAt: inSeoulOrNull(each.canceledAt),
      })),
    })),
    subscription: subscription === null ? null : {
      id: subscription.id,
      status: subscription.status,
      planId: subscription.planId,
      amount: subscription.amount,
      currency: subscription.currency,
      currentPeriodStart: inSeoul(subscription.currentPeriodStart),
      currentPeriodEnd: inSeoul(subscription.currentPeriodEnd),
      nextChargeAt: inSeoulOrNull(subscription.nextChargeAt),
      cancelAtPeriodEnd: subscription.cancelAtPeriodEnd,
      endedAt: inSeoulOrNull(subscription.endedAt),
      endReason: subscription.endReason,
    },
    toss: sightOfMain(rows, looks),
    differs: differences.length > 0,
    differences,
    next: command === null ? null : { command, why: says },
    timeline: [
      ...timelineOf(rows, looks),
      { at: inSeoul(rows.at), kind: "now", text: says },
    ],
  };
}

/** Of several payments the one that the order is about; else the one that holds money. */
function sightOfMain({ order }: StoryRows, looks: readonly Look[]) {
  const sights = looks.flatMap((look) =>
    look.kind === "answered" ? [look.sight] : []
  );
  return sights.find(({ paymentKey }) => paymentKey === order?.paymentKey) ??
    sights.find(({ balanceAmount, approvedAt }) =>
      balanceAmount > 0 && approvedAt !== null
    ) ?? sights[0] ?? null;
}

function inSeoul(time: string): string {
  return tossTime(time) ?? time;
}

function inSeoulOrNull(time: string | null): string | null {
  return time === null ? null : inSeoul(time);
}
