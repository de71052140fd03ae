import { type Ask, createAsk } from "./ask.ts";
import { type DiagnosisResult, readDiagnosis } from "./diagnosis.ts";
import type { Finding } from "./finding.ts";
import { type FunctionsState, readFunctionsState } from "./functions-state.ts";
import { type ProjectFiles, readProjectFiles } from "./project-files.ts";
import type { DoctorOptions, DoctorTarget } from "./target.ts";
import { tryWakeUp, type WakeUp } from "./wake-up.ts";

/** One subject of the examination; answers at least one finding. */
export type Check = (context: Context) => Finding[] | Promise<Finding[]>;

/** What every check judges by, asked for once. */
export interface Context {
  target: DoctorTarget;
  ask: Ask;
  /** Without a trailing slash. */
  managementApiUrl: string;
  files: ProjectFiles;
  database: DiagnosisResult;
  functions: FunctionsState;
  wakeUp: WakeUp;
}

const MANAGEMENT_API_URL = "https://api.supabase.com";
const PATIENCE_MILLISECONDS = 15_000;

/** Asks the database and the functions what the checks need. */
export async function readContext(
  target: DoctorTarget,
  options: DoctorOptions,
): Promise<Context> {
  const ask = createAsk(options.fetch ?? globalThis.fetch);
  const patience = options.patienceMilliseconds ?? PATIENCE_MILLISECONDS;
  const [files, database, functions] = await Promise.all([
    readProjectFiles(),
    readDiagnosis(ask, target),
    readFunctionsState(ask, target),
  ]);
  return {
    target,
    ask,
    managementApiUrl: options.managementApiUrl ?? MANAGEMENT_API_URL,
    files,
    database,
    functions,
    wakeUp: database.outcome === "known"
      ? await tryWakeUp(ask, target, patience)
      : { outcome: "refused", detail: database.problem.detail },
  };
}
