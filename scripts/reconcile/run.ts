import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { z } from "zod";
import { StopError, UsageError } from "../door/errors.ts";
import { commandEnvironment } from "../project/command-environment.ts";
import { openProject, type Project } from "../project/open-project.ts";
import type { Options } from "./command.ts";
import { describeDifference, difference } from "./difference.ts";

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
});

/** While another worker has the run, or Toss gives nothing, somebody waits. */
const PAUSE_MILLISECONDS = 3_000;
const MOST_IDLE_ROUNDS = 60;

async function workSlice(
  project: Project,
  { from, to }: Options,
): Promise<z.output<typeof sliceSchema>> {
  const response = await fetch(`${project.url}/functions/v1/worker`, {
    method: "POST",
    headers: {
      apikey: project.secretKey,
      "content-type": "application/json",
    },
    body: JSON.stringify({ job: "reconcile", from, to }),
  });
  const text = await response.text();
  if (response.ok) return sliceSchema.parse(JSON.parse(text));
  throw new StopError(`The worker answered ${response.status}: ${text}`);
}

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
  options: Options,
): Promise<z.output<typeof resultSchema>> {
  let idle = 0;
  let runId: string | undefined;
  for (;;) {
    const slice = await workSlice(project, options);
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
    idle = slice.claimed === 0 ? idle + 1 : 0;
    if (idle > MOST_IDLE_ROUNDS) {
      throw new StopError(
        "Toss gives no list, or another run does not end. Try again later; nothing is lost.",
      );
    }
    if (idle > 0) {
      await new Promise((go) => setTimeout(go, PAUSE_MILLISECONDS));
    }
  }
}

/** Compares, and prints what differed; 0 when nothing is open. */
export async function run(options: Options): Promise<number> {
  const { from, to, json } = options;
  if (from !== undefined && to !== undefined && from > to) {
    throw new UsageError("--from must not be after --to");
  }
  const project = await openProject(commandEnvironment());
  const client = createClient(project.url, project.secretKey, {
    auth: { persistSession: false, autoRefreshToken: false },
  });
  const { status: _, ...result } = await compare(project, client, options);
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
  return open.length === 0 ? 0 : 1;
}
