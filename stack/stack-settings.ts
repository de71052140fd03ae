import { join } from "node:path";
import { PROJECT_ROOT } from "./paths.ts";
import type { StackOptions } from "./stack-types.ts";

type WithoutDefault =
  | "webPort"
  | "webhookPort"
  | "tossApiBaseUrl"
  | "functionsDeno";

/** The options of a stack with every default filled in. */
export type StackSettings =
  & Required<Omit<StackOptions, WithoutDefault>>
  & Pick<StackOptions, WithoutDefault>;

/** The project's own migrations. */
export const PROJECT_MIGRATIONS = join(
  PROJECT_ROOT,
  "supabase",
  "migrations",
);

/** Fills in the defaults, which are those of a test: free ports, no data. */
export function stackSettings(options: StackOptions): StackSettings {
  return {
    port: 0,
    dbPort: 0,
    tossSimulatorPort: 0,
    dbDir: null,
    reset: false,
    environment: {},
    warmSpare: false,
    cron: false,
    seed: true,
    functionsDirectory: join(PROJECT_ROOT, "supabase", "functions"),
    migrationsDirectory: PROJECT_MIGRATIONS,
    seedFile: join(PROJECT_ROOT, "supabase", "seed.sql"),
    log: () => {},
    onRestRequest: () => {},
    intercept: (_request, forward) => forward(),
    notices: false,
    shop: false,
    simulator: {},
    ...options,
  };
}
