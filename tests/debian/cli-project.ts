import { join } from "node:path";
import { z } from "zod";
import { createSupabaseCli } from "../../scripts/hosted/supabase-cli.ts";
import { PROJECT_ROOT } from "../../stack/paths.ts";
import { copyMigrations } from "../support/migration-files.ts";

/** A folder that the real Supabase CLI takes for a project. */
export interface CliProject {
  /** Runs a command against the database and answers its JSON. */
  run(command: string[]): Promise<unknown>;
  /** `supabase db push` of the migrations up to a version, else of all; the names of the files that it applied. */
  push(upTo?: string): Promise<string[]>;
  remove(): Promise<void>;
}

const pushAnswer = z.looseObject({ migrations: z.array(z.string()) });

/** Makes a project around this one's `supabase/config.toml` for a database; the caller must remove it. */
export async function makeCliProject(databaseUrl: string): Promise<CliProject> {
  const folder = await Deno.makeTempDir({ prefix: "cli-project-" });
  const supabase = join(folder, "supabase");
  await Deno.mkdir(supabase);
  await Deno.copyFile(
    join(PROJECT_ROOT, "supabase", "config.toml"),
    join(supabase, "config.toml"),
  );
  const cli = createSupabaseCli({
    projectRef: "",
    redact: (text) => text,
  });
  const run = (args: string[]) =>
    cli({ args, remote: databaseUrl, workdir: folder });
  return {
    run,
    async push(upTo) {
      await copyMigrations(join(supabase, "migrations"), upTo);
      return pushAnswer.parse(await run(["db", "push", "--yes"])).migrations;
    },
    remove: () => Deno.remove(folder, { recursive: true }),
  };
}
