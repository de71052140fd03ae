import { z } from "zod";
import {
  amount,
  type EventDefinition,
  EXAMPLE_ORDER,
  EXAMPLE_PAYMENT,
  EXAMPLE_TIME,
  EXAMPLE_USER,
  id,
  SINCE,
  time,
  userId,
  VERSION,
} from "./event.ts";

const payment = {
  orderId: id,
  paymentKey: id,
  userId,
  amount,
  currency: z.string(),
  /** Through which door it became known: confirm, webhook, worker, billing … */
  source: z.string().optional(),
};

const example = {
  orderId: EXAMPLE_ORDER,
  paymentKey: EXAMPLE_PAYMENT,
  userId: EXAMPLE_USER,
  amount: 24000,
  currency: "KRW",
  source: "confirm",
};

const method = z.string().optional();
const orderStatus = z.string();

const refund = z.object({
  ...payment,
  transactionKey: id,
  /** What is left of the payment afterwards. */
  balanceAmount: amount,
  reason: z.string().optional(),
  requestedBy: z.string().optional(),
  orderStatus,
});

const refundExample = {
  ...example,
  source: "cancel",
  transactionKey: "txrd_a01k3c5e7g9i1k3m5o7q",
  amount: 4000,
  balanceAmount: 20000,
  reason: "한 개만 반품",
  requestedBy: "operator",
  orderStatus: "partially_refunded",
};

const common = { version: VERSION, since: SINCE } as const;

/** What happens to a payment, always by Toss's own word. */
export const PAYMENT_EVENTS: readonly EventDefinition[] = [{
  ...common,
  type: "payment.confirmed",
  when: {
    en: "Toss has the money: a card was approved, a deposit arrived",
    ko: "토스가 돈을 받음: 카드 승인, 입금 확인",
  },
  data: z.object({ ...payment, method, approvedAt: time.optional() }),
  example: { ...example, method: "카드", approvedAt: EXAMPLE_TIME },
}, {
  ...common,
  type: "payment.failed",
  when: {
    en:
      "Toss refused a buyer's payment for good, or it ended without money; another one can pay the order",
    ko:
      "구매자의 결제를 토스가 최종 거절했거나 결제 없이 끝남. 다른 결제로 주문을 결제할 수 있음",
  },
  data: z.object({ ...payment, method, failureCode: z.string().optional() }),
  example: { ...example, failureCode: "REJECT_CARD_PAYMENT" },
}, {
  ...common,
  type: "payment.canceled",
  when: {
    en: "a payment was given up before its money came",
    ko: "돈이 들어오기 전에 결제가 취소됨",
  },
  data: z.object({ ...payment, orderStatus }),
  example: { ...example, source: "cancel", orderStatus: "canceled" },
}, {
  ...common,
  type: "payment.partially_refunded",
  when: {
    en: "a part of a payment went back; once for each refund",
    ko: "결제의 일부가 환불됨. 환불마다 한 번",
  },
  data: refund,
  example: refundExample,
}, {
  ...common,
  type: "payment.refunded",
  when: {
    en: "the rest of a payment went back, nothing is left of it",
    ko: "결제의 나머지가 환불되어 남은 금액이 없음",
  },
  data: refund,
  example: {
    ...refundExample,
    amount: 20000,
    balanceAmount: 0,
    orderStatus: "refunded",
  },
}, {
  ...common,
  type: "payment.deposit_reversed",
  when: {
    en: "a bank took a deposit back; the order waits for it again",
    ko: "은행이 입금을 되돌림. 주문은 다시 입금을 기다림",
  },
  data: z.object({ ...payment, orderStatus }),
  example: {
    ...example,
    source: "webhook",
    orderStatus: "waiting_for_deposit",
  },
}, {
  ...common,
  type: "virtual_account.issued",
  when: {
    en: "a buyer has an account number to pay into",
    ko: "구매자에게 입금할 계좌가 발급됨",
  },
  data: z.object({ ...payment, method, dueDate: time.optional() }),
  example: {
    ...example,
    source: "virtual_account",
    method: "가상계좌",
    dueDate: EXAMPLE_TIME,
  },
}, {
  ...common,
  type: "virtual_account.expired",
  when: {
    en: "no deposit came in time",
    ko: "기한 안에 입금되지 않음",
  },
  data: z.object({ ...payment, orderStatus, dueDate: time.optional() }),
  example: {
    ...example,
    source: "expiry",
    orderStatus: "expired",
    dueDate: EXAMPLE_TIME,
  },
}];
