import { z } from "zod";
import { instant } from "../_shared/http/fields.ts";

/** The body of `POST worker`. */
export const workerRequest = z.strictObject({
  job: z.enum([
    "webhooks",
    "operations",
    "expiry",
    "cash_receipts",
    "outbox",
    "housekeeping",
  ]),
  /** So many at most, of each kind of work; each job has a default of its own. */
  limit: z.number().int().min(1).max(500).optional(),
  asOf: instant.optional(),
});

/** One slice of one job. */
export type WorkerRequest = z.output<typeof workerRequest>;
