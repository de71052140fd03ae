import { z } from "zod";
import { createTossBilling, type TossBilling } from "./billing.ts";
import {
  createTossCashReceipts,
  type TossCashReceipts,
} from "./cash-receipts.ts";
import { lookup, type TossLookup, type TossOutcome } from "./outcome.ts";
import { pathSegment } from "./path-segment.ts";
import { PAYMENT, type TossPayment } from "./payment.ts";
import { createTossSettlements, type TossSettlements } from "./settlements.ts";
import {
  createTossTransactions,
  type TossTransactions,
} from "./transactions.ts";
import {
  createTossRequest,
  type Idempotency,
  type TossConnection,
  type TossRequest,
} from "./request.ts";

/** What `confirm()` sends; `amount` in the minor unit (KRW: won). */
export type ConfirmBody = {
  readonly paymentKey: string;
  readonly orderId: string;
  readonly amount: number;
};

/** What `cancel()` sends; without `cancelAmount`, everything left is cancelled. */
export type CancelBody = {
  readonly cancelReason: string;
  readonly cancelAmount?: number;
  /** Only for a virtual account that received its deposit. */
  readonly refundReceiveAccount?: {
    readonly bank: string;
    readonly accountNumber: string;
    readonly holderName: string;
  };
  /** What the caller believes is left; Toss refuses when it differs. */
  readonly refundableAmount?: number;
  readonly taxFreeAmount?: number;
  readonly taxExemptionAmount?: number;
  readonly currency?: string;
};

/** What `issueVirtualAccount()` sends; `amount` in the minor unit (KRW: won). */
export type VirtualAccountBody = {
  readonly orderId: string;
  readonly orderName: string;
  readonly amount: number;
  readonly customerName: string;
  /** Toss's code of the bank that is to receive the deposit. */
  readonly bank: string;
  /** Hours until the deadline, 1 to 2160. */
  readonly validHours: number;
  readonly taxFreeAmount?: number;
  /** The receipt that Toss is to issue with the deposit; the number is digits. */
  readonly cashReceipt?: {
    readonly type: string;
    readonly registrationNumber?: string;
  };
  readonly useEscrow?: boolean;
  /** What is sold under escrow. */
  readonly escrowProducts?: readonly {
    readonly id: string;
    readonly name: string;
    readonly code: string;
    readonly unitPrice: number;
    readonly quantity: number;
  }[];
  readonly customerEmail?: string;
  /** 8 to 15 digits. */
  readonly customerMobilePhone?: string;
};

/** The calls of Toss's core API about payments, billing keys and cash receipts. */
export type TossClient =
  & TossBilling
  & TossCashReceipts
  & TossTransactions
  & TossSettlements
  & {
    confirm(
      body: ConfirmBody,
      options: Idempotency,
    ): Promise<TossOutcome<TossPayment>>;
    cancel(
      paymentKey: string,
      body: CancelBody,
      options: Idempotency,
    ): Promise<TossOutcome<TossPayment>>;
    /** Answers a payment that waits for its deposit; its `secret` proves DEPOSIT_CALLBACKs. */
    issueVirtualAccount(
      body: VirtualAccountBody,
      options: Idempotency,
    ): Promise<TossOutcome<TossPayment>>;
    getPayment(paymentKey: string): Promise<TossLookup<TossPayment>>;
    getPaymentByOrder(orderId: string): Promise<TossLookup<TossPayment>>;
  };

/**
 * Makes a client for Toss's payment API.
 *
 * A call ends as a value, never as an exception, whatever Toss or the network
 * does: `answered`, `refused` (Toss says no), `unknown` (ask before acting)
 * or, for look-ups, `not_found`. Each call takes at most `timeoutMs` and sends
 * one request. An answer about another payment than the one asked for, which a
 * reused Idempotency-Key would bring, is `unknown` and not `answered`.
 *
 * @throws RangeError when a paymentKey or orderId cannot stand in a URL
 * (`isPathSegment()`) or an Idempotency-Key is not 1–300 printable ASCII
 * characters. Source: core API reference, payments.
 */
export function createTossClient(connection: TossConnection): TossClient {
  return clientOver(createTossRequest(connection));
}

/** As {@link createTossClient}, over any way to reach Toss. */
export function clientOver(request: TossRequest): TossClient {
  return {
    ...createTossBilling(request),
    ...createTossCashReceipts(request),
    ...createTossTransactions(request),
    ...createTossSettlements(request),
    confirm: ({ paymentKey, orderId, amount }, { idempotencyKey }) =>
      request({
        operation: "confirm",
        method: "POST",
        path: "/v1/payments/confirm",
        body: { paymentKey, orderId, amount },
        idempotencyKey,
        schema: paymentWith({ paymentKey, orderId }),
      }),
    cancel: (paymentKey, body, { idempotencyKey }) =>
      request({
        operation: "cancel",
        method: "POST",
        path: `/v1/payments/${pathSegment(paymentKey)}/cancel`,
        body,
        idempotencyKey,
        schema: paymentWith({ paymentKey }),
      }),
    issueVirtualAccount: (body, { idempotencyKey }) =>
      request({
        operation: "issue_virtual_account",
        method: "POST",
        path: "/v1/virtual-accounts",
        body,
        idempotencyKey,
        schema: paymentWith({ orderId: body.orderId }),
      }),
    getPayment: async (paymentKey) =>
      lookup(
        await request({
          operation: "get_payment",
          method: "GET",
          path: `/v1/payments/${pathSegment(paymentKey)}`,
          schema: paymentWith({ paymentKey }),
        }),
      ),
    getPaymentByOrder: async (orderId) =>
      lookup(
        await request({
          operation: "get_payment_by_order",
          method: "GET",
          path: `/v1/payments/orders/${pathSegment(orderId)}`,
          schema: paymentWith({ orderId }),
        }),
      ),
  };
}

function paymentWith(
  expected: { paymentKey?: string; orderId?: string },
): z.ZodType<TossPayment> {
  return PAYMENT.refine(
    (payment) =>
      (expected.paymentKey ?? payment.paymentKey) === payment.paymentKey &&
      (expected.orderId ?? payment.orderId) === payment.orderId,
    {
      message: "the answer is about another payment",
    },
  );
}
