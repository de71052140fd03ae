import { z } from "zod";

/** The body of `POST worker`. */
export const workerRequest = z.strictObject({
  job: z.enum(["webhooks", "operations", "expiry", "housekeeping"]),
  limit: z.number().int().min(1).max(500).default(50),
  asOf: z.iso.datetime({ offset: true }).optional(),
});

/** A checked {@link workerRequest}. */
export type WorkerRequest = z.output<typeof workerRequest>;
