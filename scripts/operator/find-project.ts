import { PORT_VARIABLES } from "../stack/dev-settings.ts";
import { runningStacks } from "../stack/state-file.ts";

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

/**
 * The project an operator command works on: the one that the environment names, else the local stack.
 *
 * @param environment read for SUPABASE_URL, SUPABASE_SECRET_KEY, SUPABASE_PUBLISHABLE_KEY and PORT
 * @returns null when neither is there, or several stacks run and PORT does not choose
 */
export async function findProject(
  environment: Record<string, string>,
): Promise<Project | null> {
  const { SUPABASE_URL, SUPABASE_SECRET_KEY, PORT } = environment;
  if (SUPABASE_URL && SUPABASE_SECRET_KEY) {
    return {
      url: SUPABASE_URL.replace(/\/+$/, ""),
      secretKey: SUPABASE_SECRET_KEY,
      publishableKey: environment.SUPABASE_PUBLISHABLE_KEY || null,
      cronSecret: null,
    };
  }
  const running = (await runningStacks())
    .filter(({ port }) => !PORT || port === Number(PORT));
  const state = running.find(({ port }) => port === PORT_VARIABLES.PORT) ??
    (running.length === 1 ? running[0] : undefined);
  const { API_URL, SECRET_KEY, PUBLISHABLE_KEY, CRON_SECRET } =
    state?.variables ?? {};
  if (!API_URL || !SECRET_KEY) return null;
  return {
    url: API_URL,
    secretKey: SECRET_KEY,
    publishableKey: PUBLISHABLE_KEY ?? null,
    cronSecret: CRON_SECRET ?? null,
  };
}
