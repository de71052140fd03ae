import type { RequestContext } from "../../_shared/http/create-function.ts";
import type { WorkerRequest } from "../request.ts";

/** So many calls to Toss take about a second of the two that Supabase allows a request. */
export const DEFAULT_LIMIT = 50;

/** What a job did, by name; `remaining` is due work it left. */
export type JobCounts = Record<string, number>;

/** One kind of background work: a bounded slice of it, safe to be cut anywhere and to run twice at once. */
export type Job = (
  context: RequestContext,
  request: WorkerRequest,
) => Promise<JobCounts>;
