import { loadConfig } from "../../supabase/functions/_shared/config/config.ts";
import { SIMULATOR_KEYS } from "../../simulator/options.ts";
import { projectVariables } from "../../stack/environment.ts";
import { makeSecrets } from "../../stack/local-secrets.ts";
import { isOnThisMachine } from "../../stack/outside.ts";

// What a start learns only then.
const LOCAL = {
  tossApiBaseUrl: "http://127.0.0.1",
  webUrl: "http://127.0.0.1",
};

const PLATFORM_KEY = JSON.stringify({ default: "set by the stack" });

/**
 * Says what keeps the functions of a local stack from working.
 *
 * @param given variables of `.env.example`, as `dev` was given them
 * @returns one line for each problem, without a value
 */
export function configurationProblems(
  given: Record<string, string>,
): string[] {
  const { TOSS_API_BASE_URL: toss } = given;
  const tossKeys = toss === undefined || isOnThisMachine(toss)
    ? SIMULATOR_KEYS
    : null;
  const loaded = loadConfig({
    // A start makes its secrets up too: an example of one would be refused.
    ...projectVariables({
      ...LOCAL,
      ...makeSecrets(),
      tossKeys,
      providers: null,
    }, given),
    SUPABASE_URL: "http://127.0.0.1",
    SUPABASE_PUBLISHABLE_KEYS: PLATFORM_KEY,
    SUPABASE_SECRET_KEYS: PLATFORM_KEY,
  });
  return loaded.ok
    ? []
    : loaded.problems.map(({ variable, problem }) => `${variable} ${problem}`);
}
