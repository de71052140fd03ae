import { z } from "zod";
import { StopError } from "../door/errors.ts";
import type { Project } from "../project/open-project.ts";
import { callJob, patience } from "./call-job.ts";
import type { Options } from "./command.ts";

const sliceSchema = z.object({
  from: z.string().optional(),
  to: z.string().optional(),
  read: z.number().optional(),
  imported: z.number().optional(),
  reached: z.string().optional(),
  claimed: z.number(),
  remaining: z.number(),
});

/** Imports the shop's history before this project, slice by slice; 0 when all of it is there. */
export async function importHistory(
  project: Project,
  { from, to }: Options,
): Promise<number> {
  const wait = patience();
  for (;;) {
    const slice = sliceSchema.parse(
      await callJob(project, { job: "import", from, to }),
    );
    // Progress goes beside the result, which stays readable for programs.
    console.error(
      slice.read === undefined
        ? "Another import is at work …"
        : `${slice.reached}: ${slice.read} read, ${slice.imported} new …`,
    );
    if (slice.remaining === 0) {
      console.log(
        `${slice.from} to ${slice.to}: ${slice.imported} transactions imported, of ${slice.read} that Toss lists\n` +
          "Look them up in the view imported_payments, by payment_key, order_id or approved_at.",
      );
      return 0;
    }
    if (!await wait(slice.claimed > 0)) {
      throw new StopError(
        "Toss gives no list, or another import does not end. Try again later; nothing is lost.",
      );
    }
  }
}
