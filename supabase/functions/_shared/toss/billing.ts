import { z } from "zod";
import type { TossOutcome } from "./outcome.ts";
import { isPathSegment, pathSegment } from "./path-segment.ts";
import { PAYMENT, type TossPayment } from "./payment.ts";
import type { Idempotency, TossRequest } from "./request.ts";
import { sideField, text } from "./side-fields.ts";

/** What `issueBillingKey()` sends: the two values of the redirect. */
export type IssueBillingKeyBody = {
  /** Good for one use. */
  readonly authKey: string;
  readonly customerKey: string;
};

/** What `charge()` sends; `amount` in won, as billing knows no other currency. */
export type ChargeBody = {
  readonly amount: number;
  /** The one the billing key was issued for. */
  readonly customerKey: string;
  readonly orderId: string;
  readonly orderName: string;
  readonly taxFreeAmount?: number;
  readonly customerEmail?: string;
};

/** The calls of Toss's core API about billing keys ("자동결제"). */
export type TossBilling = {
  issueBillingKey(
    body: IssueBillingKeyBody,
    options: Idempotency,
  ): Promise<TossOutcome<TossBillingKey>>;
  charge(
    billingKey: string,
    body: ChargeBody,
    options: Idempotency,
  ): Promise<TossOutcome<TossPayment>>;
  /** Answers nothing on success (measured: 200 with an empty body). */
  deleteBillingKey(billingKey: string): Promise<TossOutcome<unknown>>;
};

const CARD = z.looseObject({
  issuerCode: text,
  number: text,
  cardType: text,
  ownerType: text,
});

const TRANSFER = z.looseObject({ bankName: text, bankAccountNumber: text });

/**
 * Toss's Billing object, as far as this product reads it, of any API version.
 *
 * The two keys must be there; everything else becomes null when it is missing or
 * has another type. Before API version 2024-06-01 the number stood at the top as
 * `cardNumber`.
 * Source: core API reference, Billing object.
 */
export const BILLING = z.looseObject({
  customerKey: z.string().min(1),
  /** A secret. */
  billingKey: z.string().max(200).refine(isPathSegment),
  method: text,
  authenticatedAt: text,
  card: sideField(CARD),
  cardNumber: text,
  transfers: sideField(z.array(TRANSFER)),
});

/** A parsed Toss Billing object. */
export type TossBillingKey = z.output<typeof BILLING>;

/**
 * Makes the billing calls of a client; see `createTossClient()` for how they
 * end. An answer for another customer or order than the one asked for is
 * `unknown`.
 *
 * @throws RangeError when a billing key cannot stand in a URL.
 */
export function createTossBilling(request: TossRequest): TossBilling {
  return {
    issueBillingKey: ({ authKey, customerKey }, { idempotencyKey }) =>
      request({
        operation: "issue_billing_key",
        method: "POST",
        path: "/v1/billing/authorizations/issue",
        body: { authKey, customerKey },
        idempotencyKey,
        schema: BILLING.refine(
          (billing) => billing.customerKey === customerKey,
          { message: "the answer is about another customer" },
        ),
      }),
    charge: (billingKey, body, { idempotencyKey }) =>
      request({
        operation: "charge",
        method: "POST",
        path: `/v1/billing/${pathSegment(billingKey)}`,
        body,
        idempotencyKey,
        schema: PAYMENT.refine(
          (payment) => payment.orderId === body.orderId,
          { message: "the answer is about another order" },
        ),
      }),
    deleteBillingKey: (billingKey) =>
      request({
        operation: "delete_billing_key",
        method: "DELETE",
        path: `/v1/billing/${pathSegment(billingKey)}`,
        schema: z.unknown(),
      }),
  };
}
