import { z } from "zod";
import {
  amount,
  type EventDefinition,
  EXAMPLE_ORDER,
  EXAMPLE_PAYMENT,
  EXAMPLE_USER,
  id,
  SINCE,
  userId,
  VERSION,
} from "./event.ts";

const data = z.object({
  orderId: id,
  reference: z.string().optional(),
  userId,
  orderName: z.string(),
  amount,
  currency: z.string(),
  paymentKey: z.string().optional(),
  /** The status before; absent for an order that was paid when it was made. */
  from: z.string().optional(),
});

const example = {
  orderId: EXAMPLE_ORDER,
  userId: EXAMPLE_USER,
  orderName: "머그컵 외 1건",
  amount: 24000,
  currency: "KRW",
  paymentKey: EXAMPLE_PAYMENT,
  from: "pending",
};

/** What happens to an order as a whole. */
export const ORDER_EVENTS: readonly EventDefinition[] = [{
  type: "order.paid",
  version: VERSION,
  since: SINCE,
  when: {
    en: "the whole amount of an order is paid, or there was nothing to pay",
    ko: "주문 금액이 모두 결제됨, 또는 결제할 금액이 없음",
  },
  data,
  example,
}, {
  type: "order.canceled",
  version: VERSION,
  since: SINCE,
  when: {
    en: "an order was given up before money came, or a bank took its deposit",
    ko: "돈이 들어오기 전에 주문이 취소됨, 또는 은행이 입금을 되가져감",
  },
  data,
  example: { ...example, from: "waiting_for_deposit" },
}, {
  type: "order.expired",
  version: VERSION,
  since: SINCE,
  when: {
    en: "nobody paid an order in time; its stock is free again",
    ko: "기한 안에 결제되지 않음. 재고가 풀림",
  },
  data,
  example: { ...example, paymentKey: undefined },
}];
