import {
  ENVIRONMENT,
  type Environment,
  SOUND_VARIABLES,
  type SoundVariables,
} from "./environment.ts";
import { givenValues } from "./given-values.ts";

/** One thing to correct before anything can run; it never holds a value. */
export type ConfigProblem = {
  readonly variable: string;
  readonly problem: string;
};

/** An environment variable by variable. */
export type ReadEnvironment = {
  /** Null when a variable is missing or malformed. */
  readonly environment: Environment | null;
  /** Those variables that are sound by themselves, defaults included. */
  readonly sound: SoundVariables;
  /** What is wrong with the others. */
  readonly problems: readonly ConfigProblem[];
};

/**
 * Parses each variable by itself.
 *
 * What is sound is told also when something else is not, so that a caller can
 * look at how variables combine and report everything at once.
 *
 * @param environment variables by name, e.g. `Deno.env.toObject()`.
 */
export function readEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): ReadEnvironment {
  const given = givenValues(environment);
  const parsed = ENVIRONMENT.safeParse(given);
  if (parsed.success) {
    return { environment: parsed.data, sound: parsed.data, problems: [] };
  }
  const problems = parsed.error.issues.map(({ path, message }) => ({
    variable: String(path[0]),
    problem: message,
  }));
  const faulty = new Set(problems.map(({ variable }) => variable));
  const rest = Object.entries(given).filter(([name]) => !faulty.has(name));
  const sound = SOUND_VARIABLES.parse(Object.fromEntries(rest));
  // A default in the place of what was refused would be judged for it.
  for (const name of faulty) Reflect.deleteProperty(sound, name);
  return { environment: null, sound, problems };
}
