import { chooseStack } from "./command/choose-stack.ts";
import { commandEnvironment } from "./command/command-environment.ts";
import { runCommand } from "./command/run-command.ts";
import { dataFolder, readPort } from "./dev/settings.ts";
import { runningStacks } from "./command/state-file.ts";

const HELP = `Prints the variables of the running stack as NAME="value" lines.

  npx -y deno task status

With several stacks, PORT or DB_DIR says which one. Exits with 1 when none runs.`;

async function main(): Promise<number> {
  const variables = commandEnvironment();
  const choice = chooseStack(await runningStacks(), {
    port: variables.PORT ? readPort("PORT", variables) : null,
    dbDir: variables.DB_DIR ? dataFolder(variables) : null,
  });
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
