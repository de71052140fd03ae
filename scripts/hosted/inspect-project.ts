import { z } from "zod";
import { StopError } from "../door/errors.ts";
import { type DatabaseState, inspectDatabase } from "./inspect-database.ts";
import type { LocalFiles } from "./local-files.ts";
import type { SupabaseCli } from "./supabase-cli.ts";

const functionList = z.looseObject({
  functions: z.array(z.looseObject({ slug: z.string() })),
});

const secretList = z.looseObject({
  secrets: z.array(z.looseObject({ name: z.string(), value: z.string() })),
});

/** What a project has before a command changes anything. */
export interface ProjectState {
  database: DatabaseState;
  /** Names of its edge functions, ours and others. */
  functions: readonly string[];
  /** Name of each secret of its functions → SHA-256 of the value, in hex. */
  secretDigests: ReadonlyMap<string, string>;
}

/**
 * Looks at a project through the CLI and changes nothing.
 *
 * @throws StopError that says so, when the project cannot be looked at
 */
export async function inspectProject(
  cli: SupabaseCli,
  local: LocalFiles,
): Promise<ProjectState> {
  try {
    return await look(cli, local);
  } catch (error) {
    if (!(error instanceof StopError)) throw error;
    throw new StopError(`${error.message}\nNothing was changed.`, {
      cause: error,
    });
  }
}

async function look(
  cli: SupabaseCli,
  { migrations }: LocalFiles,
): Promise<ProjectState> {
  const objects = migrations.flatMap(({ creates }) => creates);
  const [functionAnswer, secretAnswer, database] = await Promise.all([
    cli({ args: ["functions", "list"] }),
    cli({ args: ["secrets", "list"] }),
    inspectDatabase(cli, objects),
  ]);
  const { functions } = functionList.parse(functionAnswer);
  const { secrets } = secretList.parse(secretAnswer);
  return {
    database,
    functions: functions.map(({ slug }) => slug),
    secretDigests: new Map(secrets.map(({ name, value }) => [name, value])),
  };
}
