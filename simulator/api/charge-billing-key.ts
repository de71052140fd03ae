import { z } from "zod";
import { isExpired } from "../billing/billing-card.ts";
import type { BillingKey } from "../billing/billing-key.ts";
import { abortCharge, approveCharge } from "../billing/charge.ts";
import { takeChargeDecline } from "../billing/charge-decline.ts";
import { digestOf } from "../billing/identifiers.ts";
import { toKoreanTime } from "../korean-time.ts";
import { findBillingKey, paymentsOfOrder } from "../merchant.ts";
import { takeCardDecline } from "../payments/card-decline.ts";
import { orderIdSchema } from "../payments/create-payment.ts";
import { paymentBody } from "../payments/payment-body.ts";
import type { Payment } from "../payments/payment.ts";
import type { SimulatorState } from "../state.ts";
import type { EndpointCall, EndpointOutcome } from "./endpoint.ts";

const bodySchema = z.object({
  amount: z.int(),
  customerKey: z.string().min(1),
  orderId: orderIdSchema,
  orderName: z.string().min(1).max(100),
  customerEmail: z.string().max(100).optional(),
  customerName: z.string().max(100).optional(),
  customerIp: z.string().optional(),
  taxFreeAmount: z.int().min(0).default(0),
  taxExemptionAmount: z.literal(0).default(0),
});

type ChargeBody = z.output<typeof bodySchema>;

/** What became of a charge: `DONE` or a code; a decline may leave a payment behind. */
interface ChargeResult {
  outcome: string;
  payment: Payment | null;
}

/** Toss error codes: cards from 100 KRW, accounts from 200 KRW. */
const MINIMUM_AMOUNT = { card: 100, account: 200 };

/** Toss core API reference: one transfer carries 10,000,000 KRW at most. */
const MAXIMUM_TRANSFER = 10_000_000;

function refusalByAmount(
  { account }: BillingKey,
  { amount, taxFreeAmount }: ChargeBody,
): string | null {
  if (amount <= 0) return "BELOW_ZERO_AMOUNT";
  const minimum = MINIMUM_AMOUNT[account === null ? "card" : "account"];
  if (amount < minimum) return "BELOW_MINIMUM_AMOUNT";
  if (account !== null && amount > MAXIMUM_TRANSFER) return "EXCEED_MAX_AMOUNT";
  return taxFreeAmount > amount ? "INVALID_REQUEST" : null;
}

/** The code that refuses a charge of this key, whatever the card would say. */
function refusalByKey(
  { state, keyPair, isLate }: EndpointCall,
  key: BillingKey,
  body: ChargeBody,
): string | null {
  if (key.deletedAt !== null) return "ALREADY_REMOVED_BILLING_KEY";
  if (key.customerKey !== body.customerKey) return "NOT_MATCHES_CUSTOMER_KEY";
  const sameOrder = paymentsOfOrder(state, keyPair, body.orderId);
  return isLate !== true && sameOrder.some(({ approvals }) => approvals > 0)
    ? "DUPLICATED_ORDER_ID"
    : refusalByAmount(key, body);
}

/** The code with which the card's company or the bank declines, when it does. */
function declineOf(state: SimulatorState, key: BillingKey): string | null {
  const { card } = key;
  if (card !== null) {
    if (isExpired(card, state.clock.now())) return "INVALID_CARD_EXPIRATION";
    if (card.cardType === "미확인") return "NOT_SUPPORTED_CARD_TYPE";
  }
  return takeChargeDecline(state.billing.declines, key) ??
    (card && takeCardDecline(state.cardDeclines, card.cardNumber)) ?? null;
}

function charge(call: EndpointCall, body: ChargeBody): ChargeResult {
  const { state, keyPair, parameters } = call;
  const key = findBillingKey(state, keyPair, parameters[0] ?? "");
  if (key === undefined) {
    return { outcome: "INVALID_BILL_KEY_REQUEST", payment: null };
  }
  const refusal = refusalByKey(call, key, body);
  if (refusal !== null) return { outcome: refusal, payment: null };
  const { orderId, orderName, amount, taxFreeAmount } = body;
  const order = { orderId, orderName, amount, taxFreeAmount };
  const decline = declineOf(state, key);
  if (decline === null) {
    const payment = approveCharge(state, { keyPair, key, order });
    return { outcome: "DONE", payment };
  }
  const payment = state.settings.keepDeclinedCharges
    ? abortCharge(state, { keyPair, key, order }, decline)
    : null;
  return { outcome: decline, payment };
}

/**
 * POST /v1/billing/{billingKey}: charges the key's card or account at once; no webhook.
 * Every charge that is worked on is written down, refused ones too.
 * Source: Toss core API reference, 자동결제 승인.
 */
export function chargeBillingKey(call: EndpointCall): EndpointOutcome {
  const { state, request } = call;
  const body = bodySchema.safeParse(request.body);
  if (!body.success) return { kind: "refused", code: "INVALID_REQUEST" };
  const { orderId, amount, customerKey } = body.data;
  const { outcome, payment } = charge(call, body.data);
  state.billing.attempts.push({
    at: toKoreanTime(state.clock.now()),
    orderId,
    amount,
    customerKey,
    keyDigest: digestOf(call.parameters[0] ?? ""),
    idempotencyKey: request.headers.get("idempotency-key"),
    outcome,
    paymentKey: payment?.paymentKey ?? null,
  });
  return outcome === "DONE" && payment !== null
    ? { kind: "value", value: paymentBody(payment, state) }
    : { kind: "refused", code: outcome };
}
