import { type Book, bookOf } from "../books.ts";
import { type Fault, type FaultInput, faultSchema } from "../faults/fault.ts";
import { toKoreanTime } from "../korean-time.ts";
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
import {
  type ControlOutcome,
  type PaymentSummary,
  summaryOf,
} from "./payment-outcome.ts";
import {
  type CardDeclineInput,
  cardDeclineSchema,
  declineSchema,
  type OpenPaymentInput,
  openPaymentSchema,
  webhookUrlsSchema,
} from "./schemas.ts";
import {
  type VirtualAccountControls,
  virtualAccountControls,
} from "./virtual-account-controls.ts";

/**
 * What a person or a test can do to a running simulator. The control API
 * offers the same under `/__simulator`. Malformed input throws a `ZodError`.
 */
export interface Controls extends VirtualAccountControls {
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
   * Moves the clock and runs every expiry and webhook retry that becomes
   * due, waiting for the receivers' answers.
   */
  advance(milliseconds: number): Promise<void>;
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
  /** Every API request, in order of arrival. */
  requests(): RequestRecord[];
  /** Back to the state after the start, the clock included. */
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
      const keyPair = state.settings.secretKeys.find((pair) =>
        clientKey === undefined || pair.clientKey === clientKey
      );
      if (keyPair === undefined) {
        throw new RangeError(`unknown client key ${clientKey}`);
      }
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

/** Builds the controls of one running simulator. */
export function createControls(
  state: SimulatorState,
  hooks: ControlHooks,
): Controls {
  return {
    ...paymentControls(state),
    ...virtualAccountControls(state),
    ...webhookControls(state),
    now: () => state.clock.now(),
    advance: (milliseconds) => state.scheduler.advance(milliseconds),
    settle: () => state.scheduler.settle(),
    addFault(fault) {
      state.faults.add(faultSchema.parse(fault));
      if (state.faults.mayCut()) hooks.closeIdleConnections();
    },
    faults: () => state.faults.list(),
    clearFaults: () => state.faults.clear(),
    requests: () => structuredClone(state.requests),
    reset: () => hooks.reset(),
  };
}

/** The clock as the control API shows it. */
export function clockBody(controls: Controls) {
  return { now: toKoreanTime(controls.now()), milliseconds: controls.now() };
}
