import { z } from "zod";
import {
  amount,
  type EventDefinition,
  EXAMPLE_ORDER,
  EXAMPLE_TIME,
  EXAMPLE_USER,
  id,
  SINCE,
  time,
  userId,
  VERSION,
} from "./event.ts";

const withdrawal = { withdrawalId: id, orderId: id, userId };

const example = {
  withdrawalId: "9b1f6c2e-5d0a-5b7e-8f3c-2a4d6e8f0a15",
  orderId: EXAMPLE_ORDER,
  userId: EXAMPLE_USER,
};

const common = { version: VERSION, since: SINCE } as const;

/** Buyers who want to give an order back, and what the shop decides; without anybody's words. */
export const WITHDRAWAL_EVENTS: readonly EventDefinition[] = [{
  ...common,
  type: "withdrawal.requested",
  when: {
    en: "a buyer wants to give an order back; the shop decides until `dueAt`",
    ko: "구매자가 청약철회를 요청함. 상점은 `dueAt`까지 결정",
  },
  data: z.object({
    ...withdrawal,
    status: z.literal("requested"),
    /** What is left of the payment. */
    amount,
    currency: z.string(),
    dueAt: time,
    periodEndsAt: time,
    /** Products of the order that cannot be given back. */
    excludedProducts: z.array(z.string()),
  }),
  example: {
    ...example,
    status: "requested",
    amount: 24000,
    currency: "KRW",
    dueAt: EXAMPLE_TIME,
    periodEndsAt: EXAMPLE_TIME,
    excludedProducts: [],
  },
}, {
  ...common,
  type: "withdrawal.decided",
  when: {
    en:
      "a withdrawal was accepted or refused; the money's way back is told by `payment.refunded`",
    ko: "청약철회를 받아들이거나 거절함. 환불은 `payment.refunded`가 알림",
  },
  data: z.object({
    ...withdrawal,
    status: z.enum(["accepted", "refused"]),
    decidedAt: time,
  }),
  example: { ...example, status: "accepted", decidedAt: EXAMPLE_TIME },
}];
