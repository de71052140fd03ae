import { z } from "zod";
import type { Database } from "./client.ts";
import type { PaymentSource } from "./lease.ts";
import { paymentView } from "./payments.ts";
import { settledCharge } from "./subscriptions.ts";
import { finishedWebhook, type LeasedWebhook } from "./webhook-events.ts";

const settled = {
  payment: paymentView,
  paymentStatus: z.string(),
  orderStatus: z.string(),
  paysOrder: z.boolean(),
  /** All of its money went back before anybody was told that it had come. */
  isGivenBack: z.boolean(),
  errorCode: z.string().nullable(),
  errorMessage: z.string().nullable(),
  isStale: z.boolean(),
  /** When the order belongs to a charge. */
  charge: settledCharge.nullish(),
  /** When the request named a webhook, unless the answer is stale. */
  webhook: finishedWebhook.optional(),
};

const answer = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("confirmed"), ...settled }),
  z.object({ outcome: z.literal("rejected"), ...settled }),
  z.object({ outcome: z.literal("pending"), ...settled }),
  z.object({ outcome: z.literal("mismatch") }),
  z.object({ outcome: z.literal("unknown_status") }),
  z.object({ outcome: z.literal("order_not_found") }),
]);

/** What `apply_payment` answers. */
export type ApplyPaymentAnswer = z.output<typeof answer>;

/** The longest time that a deposit may be waited for, by the kind of buyer. */
export interface DepositHours {
  readonly user: number;
  readonly guest: number;
}

/** One answer of Toss and when the question was asked, by the database's clock. */
export interface ApplyPaymentRequest {
  payment: Record<string, unknown>;
  source: PaymentSource;
  askedAt: string;
  requestId: string;
  operationId?: string | undefined;
  /** Beyond this an account is adopted with an alert; absent = whatever its deadline. */
  depositHours?: DepositHours | undefined;
  /** The leased event that made us ask; an applied answer ends it as processed in the same transaction. */
  webhook?: LeasedWebhook | undefined;
}

/** Sends an answer of Toss through the one door; see the comment on `public.apply_payment`. */
export function applyPayment(
  database: Database,
  request: ApplyPaymentRequest,
): Promise<ApplyPaymentAnswer> {
  return database.call("apply_payment", { ...request }, answer);
}
