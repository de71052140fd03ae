import { findStack } from "./choose-stack.ts";
import { networkFault } from "../door/network-fault.ts";
import { StopError } from "../door/errors.ts";

/** How an operator command reaches a project. */
export interface Project {
  /** The project's API, without `/rest/v1`. */
  url: string;
  secretKey: string;
  /** Null when the environment does not name it. */
  publishableKey: string | null;
  /** Known of the local stack only. */
  cronSecret: string | null;
}

/** A cold start and a slow line fit in; a person still waits for it. */
const PATIENCE_MILLISECONDS = 15_000;

function readUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url !== null && /^https?:$/.test(url.protocol)) {
    return text.replace(/\/+$/, "");
  }
  throw new StopError(
    "SUPABASE_URL must be an address such as https://<ref>.supabase.co.",
  );
}

/** Half a project would let a command work on another one than is meant. */
function readHosted(environment: Record<string, string>): Project | null {
  const { SUPABASE_URL, SUPABASE_SECRET_KEY } = environment;
  if (!SUPABASE_URL && !SUPABASE_SECRET_KEY) return null;
  if (!SUPABASE_URL || !SUPABASE_SECRET_KEY) {
    const [set, missing] = SUPABASE_URL
      ? ["SUPABASE_URL", "SUPABASE_SECRET_KEY"]
      : ["SUPABASE_SECRET_KEY", "SUPABASE_URL"];
    throw new StopError(
      `${set} is set and ${missing} is not. Set both for a hosted project, or none for the local stack.`,
    );
  }
  return {
    url: readUrl(SUPABASE_URL),
    secretKey: SUPABASE_SECRET_KEY,
    publishableKey: environment.SUPABASE_PUBLISHABLE_KEY || null,
    cronSecret: null,
  };
}

/** What `eval "$(npx -y deno task status)"` has set; other programs use some of these names, but not so. */
function readEvaluated(environment: Record<string, string>): Project | null {
  const { API_URL, SECRET_KEY, FUNCTIONS_URL } = environment;
  if (!API_URL || !SECRET_KEY || FUNCTIONS_URL !== `${API_URL}/functions/v1`) {
    return null;
  }
  return {
    url: API_URL,
    secretKey: SECRET_KEY,
    publishableKey: environment.PUBLISHABLE_KEY || null,
    cronSecret: environment.CRON_SECRET || null,
  };
}

/**
 * The project an operator command works on: the one that the environment names, else the local stack.
 *
 * @param environment read for SUPABASE_URL, SUPABASE_SECRET_KEY, SUPABASE_PUBLISHABLE_KEY, the variables of `status`,
 * PORT and DB_DIR
 * @throws StopError when neither is there, or several stacks run and neither PORT nor DB_DIR chooses
 */
export async function findProject(
  environment: Record<string, string>,
): Promise<Project> {
  const hosted = readHosted(environment);
  if (hosted !== null) return hosted;
  const evaluated = readEvaluated(environment);
  if (evaluated !== null) return evaluated;
  const choice = await findStack(environment);
  const { API_URL, SECRET_KEY, PUBLISHABLE_KEY, CRON_SECRET } =
    choice.outcome === "found" ? choice.state.variables : {};
  if (!API_URL || !SECRET_KEY) {
    const reason = choice.outcome === "none"
      ? choice.reason
      : "The stack that runs does not name its keys. Start it anew.";
    throw new StopError(
      `${reason} For a hosted project set SUPABASE_URL and SUPABASE_SECRET_KEY.`,
    );
  }
  return {
    url: API_URL,
    secretKey: SECRET_KEY,
    publishableKey: PUBLISHABLE_KEY ?? null,
    cronSecret: CRON_SECRET ?? null,
  };
}

/**
 * Finds the project and makes sure that something answers at its address, before anything is asked of it.
 *
 * @throws StopError as {@linkcode findProject}, and when nothing answers
 */
export async function openProject(
  environment: Record<string, string>,
): Promise<Project> {
  const project = await findProject(environment);
  try {
    const answer = await fetch(`${project.url}/functions/v1/health`, {
      signal: AbortSignal.timeout(PATIENCE_MILLISECONDS),
    });
    await answer.body?.cancel();
  } catch (error) {
    const fault = networkFault(error);
    if (fault === null) throw error;
    throw new StopError(
      `${project.url} cannot be reached: ${fault.reason}. ` +
        "Check SUPABASE_URL and your network, and that the project is not paused. Nothing was done.",
    );
  }
  return project;
}
