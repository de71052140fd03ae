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
  const payment = call.state.payments.get(call.parameters[0] ?? "");
  return answerWith(payment, call.state);
}

/**
 * GET /v1/payments/orders/{orderId}: 404 NOT_FOUND_PAYMENT when unknown.
 * When several payments share the order, the one created last is answered;
 * Toss does not document which.
 */
export function readPaymentByOrderId(call: EndpointCall): EndpointOutcome {
  const { paymentsByOrder } = call.state;
  const payment = paymentsByOrder.get(call.parameters[0] ?? "")?.at(-1);
  return answerWith(payment, call.state);
}
