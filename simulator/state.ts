import { IdempotencyStore } from "./api/idempotency-store.ts";
import { type BillingState, emptyBilling } from "./billing/billing-state.ts";
import { type ClockDriver, VirtualClock } from "./clock.ts";
import { FaultQueue } from "./faults/fault-queue.ts";
import type { Settings } from "./options.ts";
import type { CardDecline } from "./payments/card-decline.ts";
import type { Payment } from "./payments/payment.ts";
import type { Transaction } from "./payments/transaction.ts";
import type { CashReceipt } from "./receipts/cash-receipt.ts";
import type { RequestRecord } from "./request-record.ts";
import { Scheduler } from "./scheduler.ts";
import type { PostWebhook } from "./webhooks/post-webhook.ts";
import { WebhookSender } from "./webhooks/webhook-sender.ts";

/** Everything one running simulator knows. */
export interface SimulatorState {
  settings: Settings;
  /** The address browsers reach; known once the server listens. */
  publicUrl: string;
  webhookUrls: string[];
  readonly clock: VirtualClock;
  /** Moves other clocks along; null = this one is alone. */
  clockDriver: ClockDriver | null;
  readonly scheduler: Scheduler;
  /** By payment key, in order of creation. */
  payments: Map<string, Payment>;
  /** By orderId, in order of creation. */
  paymentsByOrder: Map<string, Payment[]>;
  billing: BillingState;
  /** Receipts and cancels of them, in order of creation. */
  cashReceipts: CashReceipt[];
  /** What Toss lists of shops that share a key, beside `payments`. */
  foreignTransactions: Transaction[];
  /** Transactions that the list leaves out, by their keys. */
  unlistedTransactions: Set<string>;
  /** What is settled for a transaction instead of its amount; null = nothing. */
  alteredSettlements: Map<string, number | null>;
  cardDeclines: CardDecline[];
  idempotency: IdempotencyStore;
  faults: FaultQueue;
  webhooks: WebhookSender;
  requests: RequestRecord[];
  /** Ends the delays that faults hold requests with. */
  readonly stopping: AbortSignal;
}

type Collected = Pick<
  SimulatorState,
  | "settings"
  | "webhookUrls"
  | "payments"
  | "paymentsByOrder"
  | "billing"
  | "cashReceipts"
  | "foreignTransactions"
  | "unlistedTransactions"
  | "alteredSettlements"
  | "cardDeclines"
  | "idempotency"
  | "faults"
  | "webhooks"
  | "requests"
>;

/** The part of the state that grows with use, as it is at the start. */
export function emptyCollections(
  settings: Settings,
  time: { clock: VirtualClock; scheduler: Scheduler; post: PostWebhook },
): Collected {
  return {
    settings,
    webhookUrls: [...settings.webhookUrls],
    payments: new Map(),
    paymentsByOrder: new Map(),
    billing: emptyBilling(),
    cashReceipts: [],
    foreignTransactions: [],
    unlistedTransactions: new Set(),
    alteredSettlements: new Map(),
    cardDeclines: [],
    idempotency: new IdempotencyStore(time.clock),
    faults: new FaultQueue(),
    webhooks: new WebhookSender({
      ...time,
      minuteInMilliseconds: settings.minuteInMilliseconds,
    }),
    requests: [],
  };
}

/** Builds the state of a fresh simulator. */
export function createState(
  settings: Settings,
  post: PostWebhook,
  stopping: AbortSignal,
): SimulatorState {
  const clock = new VirtualClock();
  const scheduler = new Scheduler(clock);
  return {
    publicUrl: settings.publicUrl ?? "",
    clock,
    clockDriver: null,
    scheduler,
    stopping,
    ...emptyCollections(settings, { clock, scheduler, post }),
  };
}
