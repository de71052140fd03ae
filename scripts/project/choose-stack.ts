import { dataFolder, PORT_VARIABLES, readPort } from "./local-settings.ts";
import { runningStacks, type StackState } from "./state-file.ts";

type Choice =
  | { outcome: "found"; state: StackState }
  | { outcome: "none"; reason: string };

/**
 * Chooses the stack that a command means: the only one that matches, or of several the one on the usual port.
 *
 * @param running every stack that runs
 * @param wanted what the environment asks for; null = anything
 * @returns the stack, or in one line why there is none
 */
export function chooseStack(
  running: readonly StackState[],
  wanted: { port: number | null; dbDir: string | null },
): Choice {
  const matching = running.filter((state) =>
    (wanted.port === null || state.port === wanted.port) &&
    (wanted.dbDir === null || state.dbDir === wanted.dbDir)
  );
  const usual = matching.find(({ port }) => port === PORT_VARIABLES.PORT);
  const [only, ...others] = matching;
  const state = usual ?? (others.length === 0 ? only : undefined);
  if (state !== undefined) return { outcome: "found", state };
  const ports = running.map(({ port }) => port).join(", ");
  return {
    outcome: "none",
    reason: matching.length > 1
      ? `Several stacks run (ports ${ports}). Set PORT or DB_DIR to choose one.`
      : running.length > 0
      ? `No such stack runs; there is one on ${ports}.`
      : "No stack is running (npx -y deno task dev starts one).",
  };
}

/**
 * Finds the stack that runs here and is meant.
 *
 * @param environment read for PORT and DB_DIR
 */
export async function findStack(
  environment: Record<string, string>,
): Promise<Choice> {
  return chooseStack(await runningStacks(), {
    port: environment.PORT ? readPort("PORT", environment) : null,
    dbDir: environment.DB_DIR ? dataFolder(environment) : null,
  });
}
