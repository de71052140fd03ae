import type { KeyPair } from "../options.ts";
import { createPayment, newPaymentSchema } from "../payments/create-payment.ts";
import { newSecret } from "../payments/identifiers.ts";
import type { Payment } from "../payments/payment.ts";
import {
  abortPayment,
  approvePayment,
  authenticatePayment,
} from "../payments/transitions.ts";
import type { SimulatorState } from "../state.ts";
import type { BillingKey } from "./billing-key.ts";

/** What is charged; amounts in KRW. */
export interface ChargeOrder {
  orderId: string;
  orderName: string;
  amount: number;
  taxFreeAmount: number;
}

/** A checked charge of one billing key. */
export interface Charge {
  keyPair: KeyPair;
  key: BillingKey;
  order: ChargeOrder;
}

/** What is charged, as a payment names it. */
function methodOf({ card, account }: BillingKey) {
  return account === null
    ? { cardNumber: card?.cardNumber }
    : { method: "계좌이체" };
}

function openBillingPayment(state: SimulatorState, charge: Charge): Payment {
  const { keyPair, key, order } = charge;
  const { customerKey } = key;
  const input = newPaymentSchema
    .parse({ ...order, customerKey, ...methodOf(key) });
  const payment = createPayment(state, keyPair, input);
  payment.type = "BILLING";
  if (key.card !== null) {
    const { issuerCode, acquirerCode, cardType, ownerType } = key.card;
    payment.card = { issuerCode, acquirerCode, cardType, ownerType };
  }
  payment.transferBankCode = key.account?.bankCode ?? payment.transferBankCode;
  payment.keyDigest = key.keyDigest;
  payment.secret = newSecret();
  authenticatePayment(state, payment);
  return payment;
}

/** Takes the money of a charge that nothing declines. */
export function approveCharge(state: SimulatorState, charge: Charge): Payment {
  const payment = openBillingPayment(state, charge);
  approvePayment(state, payment);
  return payment;
}

/** Keeps a declined charge as an ABORTED payment. */
export function abortCharge(
  state: SimulatorState,
  charge: Charge,
  code: string,
): Payment {
  const payment = openBillingPayment(state, charge);
  abortPayment(state, payment, code);
  return payment;
}
