import { runHousekeeping } from "../../_shared/database/jobs.ts";
import type { Job } from "./job.ts";

/** Job `housekeeping`: removes records that nobody needs any more. Money rows are never removed. */
export const housekeeping: Job = async ({ services }) => ({
  ...await runHousekeeping(services.database),
});
