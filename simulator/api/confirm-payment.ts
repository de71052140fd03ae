import { z } from "zod";
import { findPayment } from "../merchant.ts";
import { takeCardDecline } from "../payments/card-decline.ts";
import { orderIdSchema } from "../payments/create-payment.ts";
import { paymentBody } from "../payments/payment-body.ts";
import type { Payment } from "../payments/payment.ts";
import { abortPayment, approvePayment } from "../payments/transitions.ts";
import { issueAccount } from "../payments/virtual-account-life.ts";
import type { SimulatorState } from "../state.ts";
import type { EndpointCall, EndpointOutcome } from "./endpoint.ts";

const bodySchema = z.object({
  paymentKey: z.string().min(1).max(200),
  orderId: orderIdSchema,
  amount: z.number(),
});

/** Toss error codes: cards from 100 KRW, accounts from 200 KRW. */
const MINIMUM_AMOUNT = { card: 100, account: 200 };

/** Toss core API reference: one transfer carries 10,000,000 KRW at most. */
const MAXIMUM_TRANSFER = 10_000_000;

function refuse(code: string): EndpointOutcome {
  return { kind: "refused", code };
}

/** The code that the payment's state alone refuses a confirm with. */
function refusalByStatus(payment: Payment): string | null {
  switch (payment.status) {
    case "IN_PROGRESS":
      return null;
    case "READY":
    case "EXPIRED":
      return "NOT_FOUND_PAYMENT_SESSION";
    case "WAITING_FOR_DEPOSIT":
    case "DONE":
    case "CANCELED":
    case "PARTIAL_CANCELED":
    case "ABORTED":
      return "ALREADY_PROCESSED_PAYMENT";
  }
}

/** The code that ends the payment in ABORTED, when something declines it. */
function declineOf(state: SimulatorState, payment: Payment): string | null {
  if (payment.declineCode !== null) return payment.declineCode;
  const transfer = payment.method === "계좌이체";
  const account = transfer || payment.method === "가상계좌";
  const minimum = account ? MINIMUM_AMOUNT.account : MINIMUM_AMOUNT.card;
  if (payment.totalAmount < minimum) return "BELOW_MINIMUM_AMOUNT";
  if (transfer && payment.totalAmount > MAXIMUM_TRANSFER) {
    return "EXCEED_MAX_AMOUNT";
  }
  if (payment.method !== "카드") return null;
  return takeCardDecline(state.cardDeclines, payment.cardNumber) ?? null;
}

/**
 * POST /v1/payments/confirm: takes the money of an authenticated payment, or
 * issues the virtual account into which it will be paid.
 * A mismatch of amount or orderId is refused and changes nothing; a decline
 * is final for the payment. Source: Toss core API reference, 결제 승인.
 */
export function confirmPayment(call: EndpointCall): EndpointOutcome {
  const { state, keyPair, request } = call;
  const body = bodySchema.safeParse(request.body);
  if (!body.success) return refuse("INVALID_REQUEST");
  const payment = findPayment(state, keyPair, body.data.paymentKey);
  if (payment === undefined) return refuse("NOT_FOUND_PAYMENT");
  if (payment.keyPair !== keyPair) return refuse("INVALID_API_KEY");
  const refusal = refusalByStatus(payment);
  if (refusal !== null) return refuse(refusal);
  const { orderId, amount } = body.data;
  if (payment.orderId !== orderId || payment.totalAmount !== amount) {
    return refuse(state.settings.mismatchCode);
  }
  const decline = declineOf(state, payment);
  if (decline !== null) {
    abortPayment(state, payment, decline);
    return refuse(decline);
  }
  if (payment.method === "가상계좌") issueAccount(state, payment);
  else approvePayment(state, payment);
  return { kind: "value", value: paymentBody(payment, state) };
}
