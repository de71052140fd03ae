import { PORT_VARIABLES } from "../stack/dev-settings.ts";
import { runningStacks } from "../stack/state-file.ts";

/** How an operator command reaches a project. */
export interface Project {
  /** The project's API, without `/rest/v1`. */
  url: string;
  secretKey: string;
}

/**
 * The project an operator command works on: the one that the environment names, else the local stack.
 *
 * @param environment read for SUPABASE_URL, SUPABASE_SECRET_KEY and PORT
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
    };
  }
  const running = (await runningStacks())
    .filter(({ port }) => !PORT || port === Number(PORT));
  const state = running.find(({ port }) => port === PORT_VARIABLES.PORT) ??
    (running.length === 1 ? running[0] : undefined);
  const url = state?.variables.API_URL;
  const secretKey = state?.variables.SECRET_KEY;
  return url && secretKey ? { url, secretKey } : null;
}
