import { StopError } from "../door/errors.ts";
import { findStack } from "../project/choose-stack.ts";
import { commandEnvironment } from "../project/command-environment.ts";

/** Prints the variables of the stack that runs here. */
export async function run(): Promise<number> {
  const choice = await findStack(commandEnvironment());
  if (choice.outcome === "none") throw new StopError(choice.reason);
  for (const [name, value] of Object.entries(choice.state.variables)) {
    console.log(`${name}="${value}"`);
  }
  return 0;
}
