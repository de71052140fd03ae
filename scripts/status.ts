import { commandEnvironment } from "./command/command-environment.ts";
import { runCommand } from "./command/run-command.ts";
import { dataFolder, PORT_VARIABLES, readPort } from "./stack/dev-settings.ts";
import { runningStacks, type StackState } from "./stack/state-file.ts";

const HELP = `Prints the variables of the running stack as NAME="value" lines.

  npx -y deno task status

With several stacks, PORT or DB_DIR says which one. Exits with 1 when none runs.`;

type Choice =
  | { outcome: "found"; state: StackState }
  | { outcome: "none"; reason: string };

async function chooseStack(
  variables: Record<string, string>,
): Promise<Choice> {
  const running = await runningStacks();
  const { DB_DIR } = variables;
  const port = variables.PORT ? readPort("PORT", variables) : null;
  const matching = running.filter((state) =>
    (port === null || state.port === port) &&
    (!DB_DIR || state.dbDir === dataFolder(variables))
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
      : "No stack is running. Start one with: npx -y deno task dev",
  };
}

async function main(): Promise<number> {
  const choice = await chooseStack(commandEnvironment());
  if (choice.outcome === "none") {
    console.error(choice.reason);
    return 1;
  }
  for (const [name, value] of Object.entries(choice.state.variables)) {
    console.log(`${name}="${value}"`);
  }
  return 0;
}

await runCommand({ name: "status", help: HELP, options: {}, run: main });
