import { z } from "zod";
import type { Database } from "./client.ts";
import {
  type EndRequest,
  leased,
  type LeaseRequest,
  type TossKeys,
} from "./lease.ts";
import { paymentView } from "./payments.ts";

/** A leased confirm: what its holder needs to ask Toss and to judge the answer. */
export const confirmOperation = z.object({
  ...leased,
  kind: z.literal("confirm"),
  orderId: z.string(),
  paymentKey: z.string(),
  amount: z.number().int(),
  currency: z.string(),
});

/** A payment that its buyer has authenticated and that Toss is to approve. */
export type ConfirmOperation = z.output<typeof confirmOperation>;

const answer = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("proceed"), operation: confirmOperation }),
  z.object({ outcome: z.literal("resolve"), operation: confirmOperation }),
  z.object({ outcome: z.literal("processing") }),
  z.object({ outcome: z.literal("confirmed"), payment: paymentView }),
  z.object({
    outcome: z.literal("rejected"),
    errorCode: z.string(),
    errorMessage: z.string().nullish(),
  }),
  z.object({ outcome: z.literal("already_confirmed") }),
  z.object({ outcome: z.literal("operation_in_progress") }),
  z.object({ outcome: z.literal("amount_mismatch") }),
  z.object({ outcome: z.literal("payment_of_another_order") }),
  z.object({ outcome: z.literal("order_closed") }),
  z.object({
    outcome: z.literal("too_many_attempts"),
    retryAfterSeconds: z.number().int(),
  }),
  z.object({ outcome: z.literal("order_not_found") }),
]);

/** What `begin_confirmation` answers. */
export type BeginConfirmationAnswer = z.output<typeof answer>;

/** The three values of a confirm, and who may act on them for how long. */
export interface BeginConfirmationRequest extends LeaseRequest {
  paymentKey: string;
  orderId: string;
  amount: number;
  /** A digest of who calls, by which invented keys over many orders are counted; null = not counted. */
  caller: string | null;
}

/** Decides under the order's lock what a confirm may do; see the comment on `public.begin_confirmation`. */
export function beginConfirmation(
  database: Database,
  request: BeginConfirmationRequest,
): Promise<BeginConfirmationAnswer> {
  return database.call("begin_confirmation", { ...request }, answer);
}

const counted = z.object({ refusals: z.number().int() });

/** Counts that Toss did not know what this caller brought; see the comment on `public.count_caller_refusal`. */
export async function countCallerRefusal(
  database: Database,
  caller: string,
): Promise<void> {
  await database.call("count_caller_refusal", { caller }, counted);
}

const adopted = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("adopted"), operation: confirmOperation }),
  z.object({ outcome: z.literal("kept") }),
]);

/** What `adopt_toss_keys` answers. */
export type AdoptKeysAnswer = z.output<typeof adopted>;

/** Gives an order to the key pair that made its payment; see the comment on `public.adopt_toss_keys`. */
export function adoptTossKeys(
  database: Database,
  request: EndRequest & {
    leaseSeconds: number;
    tossKeys: TossKeys;
    tossClientKey: string | null;
  },
): Promise<AdoptKeysAnswer> {
  return database.call("adopt_toss_keys", { ...request }, adopted);
}
