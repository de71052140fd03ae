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

const receipt = {
  orderId: id,
  paymentKey: id,
  userId,
  /** The row of `cash_receipts`. */
  receiptId: id,
  receiptKey: id,
  /** 소득공제 or 지출증빙. */
  type: z.string(),
  amount,
  taxFreeAmount: amount.optional(),
  issueNumber: z.string().optional(),
  receiptUrl: z.string().optional(),
  /** Whether nobody asked for it (자진발급). */
  isSelfIssued: z.boolean(),
  /** Through which door it became known: cash_receipt, webhook, worker … */
  source: z.string().optional(),
};

const example = {
  orderId: EXAMPLE_ORDER,
  paymentKey: EXAMPLE_PAYMENT,
  userId: EXAMPLE_USER,
  receiptId: "1",
  receiptKey: "cr_a01k3c5e7g9i1k3m5o7q",
  type: "소득공제",
  amount: 24000,
  taxFreeAmount: 0,
  issueNumber: "G34157639",
  receiptUrl: "https://dashboard.tosspayments.com/sales-slip",
  isSelfIssued: false,
  source: "cash_receipt",
};

const common = { version: VERSION, since: SINCE } as const;

/** What is told of cash receipts. */
export const RECEIPT_EVENTS: readonly EventDefinition[] = [{
  ...common,
  type: "cash_receipt.issued",
  when: {
    en: "the tax office has taken a cash receipt, whoever asked for it",
    ko: "국세청이 현금영수증을 처리함. 누가 요청했든 마찬가지",
  },
  data: z.object(receipt),
  example,
}, {
  ...common,
  type: "cash_receipt.canceled",
  when: {
    en: "the tax office has taken back a cash receipt, or a part of one",
    ko: "국세청이 현금영수증의 전부나 일부를 취소함",
  },
  data: z.object({
    ...receipt,
    /** The receipt that it takes from. */
    canceledReceiptKey: id.optional(),
  }),
  example: {
    ...example,
    receiptKey: "cr_b02m4e6g8i0k2m4o6q8s",
    amount: 4000,
    canceledReceiptKey: example.receiptKey,
  },
}];
