import { z } from "zod";
import type { Database } from "./client.ts";
import { tossKeys } from "./lease.ts";

/** What `read_status` answers. */
export const systemStatus = z.object({
  operations: z.object({
    open: z.number().int(),
    unknown: z.number().int(),
    oldestUnknownSeconds: z.number().nullable(),
  }),
  webhooks: z.object({
    waiting: z.number().int(),
    failed: z.number().int(),
    dead: z.number().int(),
    oldestWaitingSeconds: z.number().nullable(),
  }),
  overdueOrders: z.number().int(),
  /** Payments that Toss must be asked about, because no webhook told their end. */
  sweep: z.object({
    due: z.number().int(),
    oldestDueSeconds: z.number().nullable(),
  }),
  jobs: z.array(z.object({
    job: z.string(),
    lastFinishedAt: z.string().nullable(),
    isLate: z.boolean(),
  })),
  alerts: z.object({
    warning: z.number().int(),
    critical: z.number().int(),
  }),
  /** Key pairs that open orders or cards were made with. */
  tossKeysInUse: z.array(tossKeys),
  invariantViolations: z.number().int(),
});

/** What waits in the database and for how long, which jobs beat, and what needs a person. */
export type SystemStatus = z.output<typeof systemStatus>;

/** Reads the queue depths; see the comment on `public.read_status`. */
export function readStatus(database: Database): Promise<SystemStatus> {
  return database.call("read_status", {}, systemStatus);
}
