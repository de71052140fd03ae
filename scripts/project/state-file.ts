import { join } from "node:path";
import { z } from "zod";
import { PROJECT_ROOT } from "../../stack/paths.ts";
import { isProcessAlive } from "../../stack/process-alive.ts";
import { isDirectoryInUse } from "../../stack/stack-directory.ts";

const stateSchema = z.object({
  pid: z.int(),
  port: z.int(),
  dbDir: z.string(),
  variables: z.record(z.string(), z.string()),
});

/** What a running `dev` leaves for `status` and the operator commands. */
export type StackState = z.infer<typeof stateSchema>;

const STATE_FOLDER = join(PROJECT_ROOT, ".local", "stacks");

function statePath(port: number): string {
  return join(STATE_FOLDER, `${port}.json`);
}

/** Writes the state of a running stack, readable for its owner only. */
export async function writeState(state: StackState): Promise<void> {
  await Deno.mkdir(STATE_FOLDER, { recursive: true });
  // The mode of an existing file would stay as it is.
  await removeState(state.port);
  await Deno.writeTextFile(
    statePath(state.port),
    JSON.stringify(state, null, 2),
    { mode: 0o600 },
  );
}

/** Removes the state of the stack on this port. */
export async function removeState(port: number): Promise<void> {
  await Deno.remove(statePath(port)).catch(() => undefined);
}

async function isRunning(state: StackState): Promise<boolean> {
  // The lock says more than the id, which may be another program's by now.
  return isProcessAlive(state.pid) && await isDirectoryInUse(state.dbDir);
}

/**
 * Lists the stacks of this project that run now, by port.
 *
 * Removes the files that a crash has left.
 */
export async function runningStacks(): Promise<StackState[]> {
  const states: StackState[] = [];
  const names = await Array.fromAsync(Deno.readDir(STATE_FOLDER))
    .then((entries) => entries.map(({ name }) => name), () => []);
  for (const name of names.filter((name) => /^\d+\.json$/.test(name))) {
    const path = join(STATE_FOLDER, name);
    const text = await Deno.readTextFile(path).catch(() => "null");
    const state = stateSchema.safeParse(JSON.parse(text));
    if (state.success && await isRunning(state.data)) states.push(state.data);
    else await Deno.remove(path).catch(() => undefined);
  }
  return states.sort((a, b) => a.port - b.port);
}
