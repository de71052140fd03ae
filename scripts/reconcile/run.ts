import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { z } from "zod";
import { StopError, UsageError } from "../door/errors.ts";
import { commandEnvironment } from "../project/command-environment.ts";
import { openProject, type Project } from "../project/open-project.ts";
import { callJob, patience } from "./call-job.ts";
import type { Options } from "./command.ts";
import { describeDifference, difference } from "./difference.ts";
import { importHistory } from "./import.ts";

const sliceSchema = z.object({
  runId: z.string().optional(),
  claimed: z.number(),
});

const resultSchema = z.object({
  runId: z.string(),
  status: z.string(),
  from: z.string(),
  to: z.string(),
  compared: z.number(),
  healed: z.number(),
  open: z.number(),
  foreign: z.number(),
  differences: z.array(difference),
  settlements: z.number(),
  settlementsMissed: z.string().nullable(),
  settlementDifferences: z.number(),
});

/** How a run stands that another worker may have gone on with: the job wakes itself while something is left. */
async function readRun(client: SupabaseClient, runId: string) {
  const { data, error } = await client.rpc("read_reconciliation", {
    request: { runId },
  });
  if (error !== null) {
    throw new StopError(`The database refused: ${error.message}`);
  }
  return resultSchema.parse(data);
}

/** Works until the run is over, or another worker has ended it. */
async function compare(
  project: Project,
  client: SupabaseClient,
  { from, to }: Options,
): Promise<z.output<typeof resultSchema>> {
  const wait = patience();
  let runId: string | undefined;
  for (;;) {
    const slice = sliceSchema.parse(
      await callJob(project, { job: "reconcile", from, to }),
    );
    runId ??= slice.runId;
    const run = runId === undefined ? null : await readRun(client, runId);
    if (run?.status === "finished") return run;
    if (run?.status === "failed") {
      throw new StopError(
        "Toss did not answer every question. Run it again later; nothing is lost.",
      );
    }
    // Progress goes beside the result, which stays readable for programs.
    console.error(
      run === null
        ? "Another run is at work …"
        : `${run.compared} compared, ${run.foreign} of other shops …`,
    );
    if (!await wait(slice.claimed > 0)) {
      throw new StopError(
        "Toss gives no list, or another run does not end. Try again later; nothing is lost.",
      );
    }
  }
}

/** What is known of Toss's payouts for the days. */
function describeSettlements(
  { settlements, settlementsMissed, settlementDifferences }: Pick<
    z.output<typeof resultSchema>,
    "settlements" | "settlementsMissed" | "settlementDifferences"
  >,
): string {
  if (settlementsMissed !== null) {
    return `Toss gave no settlements: ${settlementsMissed}`;
  }
  if (settlements === 0) {
    return "No settlements in these days; for test keys Toss has none.";
  }
  const differing = settlementDifferences === 0
    ? "all as our books say"
    : `${settlementDifferences} differ: select * from public.settlement_differences where resolved_at is null;`;
  return `${settlements} settlements in these days, ${differing}`;
}

/** Compares, and prints what differed; 0 when nothing is open. */
export async function run(options: Options): Promise<number> {
  const { from, to, json, import: isImport } = options;
  if (from !== undefined && to !== undefined && from > to) {
    throw new UsageError("--from must not be after --to");
  }
  if (isImport && json) {
    throw new UsageError("--import prints no JSON");
  }
  const project = await openProject(commandEnvironment());
  if (isImport) return await importHistory(project, options);
  const client = createClient(project.url, project.secretKey, {
    auth: { persistSession: false, autoRefreshToken: false },
  });
  const { settlements, settlementsMissed, settlementDifferences, ...compared } =
    await compare(project, client, options);
  const { status: _, ...result } = compared;
  const open = result.differences.filter(({ resolution }) =>
    resolution === null
  );
  if (json) {
    console.log(JSON.stringify({ ...result, open: open.length }, null, 2));
  } else {
    for (const each of result.differences) {
      console.log(`${describeDifference(each)}\n`);
    }
    console.log(
      `${result.from} to ${result.to}: ${result.compared} compared, ${result.healed} healed, ` +
        `${open.length} open, ${result.foreign} of other shops`,
    );
  }
  // Beside the result, whose form is fixed.
  console.error(
    describeSettlements({
      settlements,
      settlementsMissed,
      settlementDifferences,
    }),
  );
  return open.length === 0 ? 0 : 1;
}
