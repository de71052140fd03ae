import { z } from "zod";
import { chargeOperation } from "./charges.ts";
import type { Database } from "./client.ts";
import type { LeaseRequest } from "./lease.ts";

const named = { chargeId: z.string(), orderId: z.string() };

const adHoc = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("proceed"), charge: chargeOperation }),
  z.object({ outcome: z.literal("resolve"), charge: chargeOperation }),
  z.object({ outcome: z.literal("processing"), ...named }),
  z.object({ outcome: z.literal("paid"), ...named }),
  z.object({
    outcome: z.literal("declined"),
    errorCode: z.string().nullable(),
    ...named,
  }),
  z.object({ outcome: z.literal("no_billing_method") }),
  z.object({ outcome: z.literal("conflict") }),
  z.object({ outcome: z.literal("invalid") }),
]);

/** What `begin_ad_hoc_charge` answers. */
export type AdHocChargeAnswer = z.output<typeof adHoc>;

/** An amount in won that is charged once, whatever happens to the request. */
export interface AdHocChargeRequest {
  userId: string;
  amount: number;
  orderName: string;
  /** The caller's idempotency token. */
  requestId: string;
}

/** Begins a charge outside any subscription; see the comment on `public.begin_ad_hoc_charge`. */
export function beginAdHocCharge(
  database: Database,
  request: AdHocChargeRequest & LeaseRequest & {
    /** Stands in the audit log; `requestId` is the caller's token. */
    logRequestId: string;
  },
): Promise<AdHocChargeAnswer> {
  return database.call("begin_ad_hoc_charge", { ...request }, adHoc);
}
