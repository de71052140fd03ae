import { z } from "zod";
import {
  type EventDefinition,
  EXAMPLE_ORDER,
  EXAMPLE_PAYMENT,
  id,
  SINCE,
  VERSION,
} from "./event.ts";

const side = z.looseObject({
  status: z.string().optional(),
  amount: z.number().int().optional(),
  balanceAmount: z.number().int().optional(),
}).nullable().describe("Null where there is no such row");

/** What a comparison with Toss's list of transactions leaves to a person. */
export const RECONCILIATION_EVENTS: readonly EventDefinition[] = [{
  version: VERSION,
  since: SINCE,
  type: "reconciliation.difference",
  when: {
    en:
      "Toss and the database tell different things of a payment, and Toss's answer did not mend it",
    ko:
      "토스와 데이터베이스의 결제 내용이 다르고, 토스의 응답으로도 고쳐지지 않음",
  },
  data: z.object({
    differenceId: id,
    runId: id,
    kind: z.enum([
      "missing_here",
      "missing_at_toss",
      "amount",
      "status",
      "cancel_missing_here",
      "cancel_missing_at_toss",
    ]),
    paymentKey: id,
    transactionKey: id.optional(),
    orderId: id.optional(),
    reason: z.string(),
    ours: side,
    theirs: side,
  }),
  example: {
    differenceId: "6b1d5c0e-2a9f-4e6b-8c47-1f0e9d8c7b15",
    runId: "e4c3b2a1-0f9e-4d8c-9b7a-6f5e4d3c2b16",
    kind: "missing_here",
    paymentKey: EXAMPLE_PAYMENT,
    orderId: EXAMPLE_ORDER,
    reason: "the order is paid by payment tgen_20270115095500ZyXw1",
    ours: null,
    theirs: { status: "DONE", amount: 22_800, balanceAmount: 22_800 },
  },
}];
