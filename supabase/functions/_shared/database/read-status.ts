import { z } from "zod";
import type { Database } from "./client.ts";

const status = z.object({
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
  invariantViolations: z.number().int(),
});

/** What waits in the database, for how long. */
export type SystemStatus = z.output<typeof status>;

/** Reads the queue depths; see the comment on `public.read_status`. */
export function readStatus(database: Database): Promise<SystemStatus> {
  return database.call("read_status", {}, status);
}
