import { z } from "zod";
import {
  billingDeleteOperation,
  billingIssueOperation,
  chargeOperation,
} from "./billing-operation.ts";
import { leased } from "./leased-operation.ts";

/** A leased confirm: what its holder needs to ask Toss and to judge the answer. */
export const confirmOperation = z.object({
  ...leased,
  kind: z.literal("confirm"),
  orderId: z.string(),
  paymentKey: z.string(),
  amount: z.number().int(),
  currency: z.string(),
});

/** A {@link confirmOperation} value. */
export type ConfirmOperation = z.output<typeof confirmOperation>;

/** A leased operation of any kind. */
export const operation = z.discriminatedUnion("kind", [
  confirmOperation,
  chargeOperation,
  billingIssueOperation,
  billingDeleteOperation,
]);

/** An {@link operation} value. */
export type Operation = z.output<typeof operation>;
