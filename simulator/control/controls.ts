import { type Book, bookOf } from "../books.ts";
import type { ClockDriver, ClockStep } from "../clock.ts";
import { millisecondsOf, millisecondsUntil } from "../clock-span.ts";
import { type Fault, type FaultInput, faultSchema } from "../faults/fault.ts";
import { toKoreanTime } from "../korean-time.ts";
import {
  type ChangeableSettings,
  changeableSettings,
  changeSettings,
  type SettingsChanges,
} from "../options.ts";
import { createPayment } from "../payments/create-payment.ts";
import type { Payment, PaymentStatus } from "../payments/payment.ts";
import { authenticatePayment, expirePayment } from "../payments/transitions.ts";
import { hasAccount } from "../payments/virtual-account-life.ts";
import type { RequestRecord } from "../request-record.ts";
import type { SimulatorState } from "../state.ts";
import type { Delivery } from "../webhooks/delivery.ts";
import {
  type WebhookKnob,
  type WebhookKnobInput,
  webhookKnobSchema,
} from "../webhooks/knobs.ts";
import { type BillingControls, billingControls } from "./billing-controls.ts";
import { keyPairOf } from "./key-pair-of.ts";
import {
  type ControlOutcome,
  type PaymentSummary,
  summaryOf,
} from "./payment-outcome.ts";
import {
  type CardDeclineInput,
  cardDeclineSchema,
  type ClockMoveInput,
  clockMoveSchema,
  declineSchema,
  type OpenPaymentInput,
  openPaymentSchema,
  webhookUrlsSchema,
} from "./schemas.ts";
import { type LedgerControls, ledgerControls } from "./ledger-controls.ts";
import { type ReceiptControls, receiptControls } from "./receipt-controls.ts";
import {
  type VirtualAccountControls,
  virtualAccountControls,
} from "./virtual-account-controls.ts";

/**
 * What a person or a test can do to a running simulator. The control API
 * offers the same under `/__simulator`. Malformed input throws a `ZodError`.
 */
export interface Controls
  extends
    VirtualAccountControls,
    BillingControls,
    ReceiptControls,
    LedgerControls {
  /** Opens a payment and, unless told otherwise, authenticates it. */
  createPayment(input: OpenPaymentInput): PaymentSummary;
  /** READY → IN_PROGRESS. */
  authenticate(paymentKey: string): ControlOutcome;
  /** Declines the next confirm of the payment with a documented 4xx code. */
  decline(paymentKey: string, code: string): ControlOutcome;
  /**
   * READY or IN_PROGRESS → EXPIRED. A virtual account that waits for its
   * deposit is marked as expired, and nothing else happens.
   */
  expire(paymentKey: string): ControlOutcome;
  /** Declines the next approvals of a card number. */
  declineCard(decline: CardDeclineInput): void;
  /** Forgets the declines of card numbers. */
  clearCardDeclines(): void;
  /** The virtual time in milliseconds since the Unix epoch. */
  now(): number;
  /**
   * Moves this clock alone and runs every expiry and webhook retry that
   * becomes due, waiting for the receivers' answers. `step` surrounds each
   * move.
   */
  advance(milliseconds: number, step?: ClockStep): Promise<void>;
  /**
   * Moves this clock and those of the driver, as the control API does. Throws
   * a `RangeError` for a moment in the past.
   */
  advanceClocks(move: ClockMoveInput): Promise<void>;
  /** Lets `advanceClocks` and `reset` take other clocks along. */
  driveClocks(driver: ClockDriver): void;
  /** Puts this clock alone back to the real time; what is planned stays. */
  resetClock(): void;
  /** Waits for the webhooks that are being sent. */
  settle(): Promise<void>;
  addFault(fault: FaultInput): void;
  faults(): Fault[];
  clearFaults(): void;
  deliveries(): Delivery[];
  /** Sends a webhook again; false when the transmission id is unknown. */
  resend(transmissionId: string): boolean;
  addWebhookKnob(knob: WebhookKnobInput): void;
  webhookKnobs(): WebhookKnob[];
  clearWebhookKnobs(): void;
  setWebhookUrls(urls: string[]): void;
  /** Every payment, in order of creation. */
  books(): Book[];
  /** The secret key of the pair that made a payment, as its merchant's dashboard has it; the first one's when there is none such. */
  secretKeyOf(paymentKey: string): string;
  /** Every API request, in order of arrival. */
  requests(): RequestRecord[];
  settings(): ChangeableSettings;
  /** Changes what Toss's documentation leaves open, and the latency. */
  changeSettings(changes: SettingsChanges): void;
  /** Back to the state after the start, the clocks included. */
  reset(): Promise<void>;
}

/** What the controls need beside the state. */
export interface ControlHooks {
  /** Called when a connection may be cut soon. */
  closeIdleConnections(): void;
  /** Empties everything collected. */
  reset(): Promise<void>;
}

const EXPIRABLE: PaymentStatus[] = [
  "READY",
  "IN_PROGRESS",
  "WAITING_FOR_DEPOSIT",
];

function paymentControls(state: SimulatorState) {
  /** Applies `change` to a payment in one of the states `from`. */
  function change(
    paymentKey: string,
    from: PaymentStatus[],
    apply: (payment: Payment) => void,
  ): ControlOutcome {
    const payment = state.payments.get(paymentKey);
    if (payment === undefined) return { kind: "not_found" };
    const { status } = payment;
    if (!from.includes(status)) return { kind: "wrong_state", status };
    apply(payment);
    return { kind: "done", payment: summaryOf(payment) };
  }

  return {
    createPayment(input: OpenPaymentInput) {
      const { authenticated, clientKey, ...rest } = openPaymentSchema
        .parse(input);
      const keyPair = keyPairOf(state, clientKey);
      const payment = createPayment(state, keyPair, rest);
      if (authenticated) authenticatePayment(state, payment);
      return summaryOf(payment);
    },
    authenticate: (paymentKey: string) =>
      change(paymentKey, ["READY"], (payment) => {
        authenticatePayment(state, payment);
      }),
    decline(paymentKey: string, code: string) {
      const declineCode = declineSchema.parse({ code }).code;
      return change(paymentKey, ["READY", "IN_PROGRESS"], (payment) => {
        payment.declineCode = declineCode;
      });
    },
    expire: (paymentKey: string) =>
      change(paymentKey, EXPIRABLE, (payment) => {
        if (hasAccount(payment)) payment.virtualAccount.expired = true;
        else expirePayment(state, payment);
      }),
    declineCard(decline: CardDeclineInput) {
      state.cardDeclines.push(cardDeclineSchema.parse(decline));
    },
    clearCardDeclines() {
      state.cardDeclines = [];
    },
    books: () => [...state.payments.values()].map(bookOf),
    secretKeyOf: (paymentKey: string) =>
      (state.payments.get(paymentKey)?.keyPair ?? keyPairOf(state, undefined))
        .secretKey,
  };
}

function webhookControls(state: SimulatorState) {
  return {
    deliveries: () => structuredClone(state.webhooks.deliveries),
    resend: (transmissionId: string) => state.webhooks.resend(transmissionId),
    addWebhookKnob(knob: WebhookKnobInput) {
      state.webhooks.knobs.push(webhookKnobSchema.parse(knob));
    },
    webhookKnobs: () => structuredClone(state.webhooks.knobs),
    clearWebhookKnobs() {
      state.webhooks.knobs.length = 0;
    },
    setWebhookUrls(webhookUrls: string[]) {
      state.webhookUrls = webhookUrlsSchema.parse({ webhookUrls }).webhookUrls;
    },
  };
}

function clockControls(state: SimulatorState) {
  const { clock, scheduler } = state;
  return {
    now: () => clock.now(),
    advance: (milliseconds: number, step?: ClockStep) =>
      scheduler.advance(milliseconds, step),
    async advanceClocks(move: ClockMoveInput) {
      const { to, advanceMilliseconds = 0, ...span } = clockMoveSchema
        .parse(move);
      const milliseconds = to === undefined
        ? advanceMilliseconds + millisecondsOf(span)
        : millisecondsUntil(new Date(to), clock.now());
      await (state.clockDriver ?? scheduler).advance(milliseconds);
    },
    driveClocks(driver: ClockDriver) {
      state.clockDriver = driver;
    },
    resetClock: () => clock.reset(),
  };
}

/** Builds the controls of one running simulator. */
export function createControls(
  state: SimulatorState,
  hooks: ControlHooks,
): Controls {
  return {
    ...paymentControls(state),
    ...virtualAccountControls(state),
    ...webhookControls(state),
    ...billingControls(state),
    ...receiptControls(state),
    ...ledgerControls(state),
    ...clockControls(state),
    settle: () => state.scheduler.settle(),
    addFault(fault) {
      state.faults.add(faultSchema.parse(fault));
      if (state.faults.mayCut()) hooks.closeIdleConnections();
    },
    faults: () => state.faults.list(),
    clearFaults: () => state.faults.clear(),
    requests: () => structuredClone(state.requests),
    settings: () => changeableSettings(state.settings),
    changeSettings(changes) {
      state.settings = changeSettings(state.settings, changes);
    },
    reset: () => hooks.reset(),
  };
}

/** The clock as the control API shows it. */
export function clockBody(controls: Controls) {
  return { now: toKoreanTime(controls.now()), milliseconds: controls.now() };
}
