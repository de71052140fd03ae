import { join, resolve } from "node:path";
import { PROJECT_ROOT } from "../../stack/paths.ts";
import { StopError } from "../door/errors.ts";

/** The variables that hold a port, and their defaults. */
export const PORT_VARIABLES = {
  PORT: 54321,
  DB_PORT: 54322,
  TOSS_SIM_PORT: 54380,
  WEB_PORT: 54390,
} as const;

/** Name of one of the variables that hold a port. */
export type PortVariable = keyof typeof PORT_VARIABLES;

/**
 * Reads the text of a variable as a port.
 *
 * @throws StopError that names the variable
 */
export function parsePort(name: string, text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65535) return port;
  throw new StopError(`${name} must be a port number, not "${text}".`);
}

/**
 * Reads a port, or takes its default.
 *
 * @throws StopError when the variable holds something else
 */
export function readPort(
  name: PortVariable,
  variables: Record<string, string>,
): number {
  return parsePort(name, variables[name] || String(PORT_VARIABLES[name]));
}

/** Chooses the folder for the data: `DB_DIR`, else `.local/db`. */
export function dataFolder(variables: Record<string, string>): string {
  return variables.DB_DIR
    ? resolve(variables.DB_DIR)
    : join(PROJECT_ROOT, ".local", "db");
}
