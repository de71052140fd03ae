import { z } from "zod";
import { instant } from "../_shared/http/fields.ts";

const HAS_DAYS = new Set(["reconcile", "import"]);

/** The body of `POST worker`. */
export const workerRequest = z.strictObject({
  job: z.enum([
    "webhooks",
    "operations",
    "expiry",
    "cash_receipts",
    "outbox",
    "housekeeping",
    "reconcile",
    "import",
  ]),
  /** So many at most, of each kind of work; each job has a default of its own. */
  limit: z.number().int().min(1).max(500).optional(),
  asOf: instant.optional(),
  /** For `reconcile` and `import`: the first day, in Seoul. */
  from: z.iso.date().optional(),
  /** For `reconcile` and `import`: the last day, in Seoul; included. */
  to: z.iso.date().optional(),
}).superRefine((body, refinement) => {
  for (const field of ["from", "to"] as const) {
    if (body[field] === undefined || HAS_DAYS.has(body.job)) continue;
    refinement.addIssue({
      code: "custom",
      path: [field],
      message: "is for the jobs reconcile and import",
    });
  }
  const { from, to } = body;
  if (from !== undefined && to !== undefined && from > to) {
    refinement.addIssue({
      code: "custom",
      path: ["to"],
      message: "is before from",
    });
  }
});

/** One slice of one job. */
export type WorkerRequest = z.output<typeof workerRequest>;
