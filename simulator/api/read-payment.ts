import { findPayment, paymentsOfOrder } from "../merchant.ts";
import { paymentBody } from "../payments/payment-body.ts";
import type { Payment } from "../payments/payment.ts";
import type { SimulatorState } from "../state.ts";
import type { EndpointCall, EndpointOutcome } from "./endpoint.ts";

function answerWith(
  payment: Payment | undefined,
  state: SimulatorState,
): EndpointOutcome {
  return payment === undefined
    ? { kind: "refused", code: "NOT_FOUND_PAYMENT" }
    : { kind: "value", value: paymentBody(payment, state) };
}

/** GET /v1/payments/{paymentKey}: 404 NOT_FOUND_PAYMENT when unknown. */
export function readPaymentByKey(call: EndpointCall): EndpointOutcome {
  const { state, keyPair, parameters } = call;
  const payment = findPayment(state, keyPair, parameters[0] ?? "");
  return answerWith(payment, state);
}

/**
 * GET /v1/payments/orders/{orderId}: 404 NOT_FOUND_PAYMENT when unknown.
 * When several payments share the order, the one created last is answered;
 * Toss does not document which.
 */
export function readPaymentByOrderId(call: EndpointCall): EndpointOutcome {
  const { state, keyPair, parameters } = call;
  const payments = paymentsOfOrder(state, keyPair, parameters[0] ?? "");
  return answerWith(payments.at(-1), state);
}
