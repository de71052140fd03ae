import { functionsEnvironment } from "./environment.ts";
import { type FunctionsPool, startFunctionsPool } from "./functions-pool.ts";
import { prepareFunctionsRuntime } from "./functions-runtime.ts";
import type { ApiKeys } from "./local-secrets.ts";
import type { PostgresServer } from "./postgres.ts";
import type { StackSettings } from "./stack-settings.ts";

/** What {@linkcode startFunctions} needs. */
export interface FunctionsOptions {
  settings: StackSettings;
  apiUrl: string;
  keys: ApiKeys;
  /** The stack's folder, for a copy of the lock file. */
  directory: string;
  variables: Record<string, string>;
  /** Ends the functions when the stack dies. */
  postgres: PostgresServer;
}

/** Starts the edge functions of a stack. Throws when they do not come up. */
export async function startFunctions(
  options: FunctionsOptions,
): Promise<FunctionsPool> {
  const { settings, postgres } = options;
  const runtime = await prepareFunctionsRuntime(
    settings.functionsDeno ?? null,
    options.directory,
  );
  return await startFunctionsPool({
    ...runtime,
    functionsDirectory: settings.functionsDirectory,
    environment: functionsEnvironment(
      {
        apiUrl: options.apiUrl,
        databaseUrl: postgres.url("postgres"),
        keys: options.keys,
      },
      options.variables,
      (name) => Deno.env.get(name),
    ),
    log: settings.log,
    warmSpare: settings.warmSpare,
    onStart: (pid) => postgres.guard(pid),
    onEnd: (pid) => postgres.release(pid),
  });
}
