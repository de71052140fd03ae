import { join } from "node:path";
import { type LocalFiles, SUPABASE_FOLDER } from "../hosted/local-files.ts";
import type { MigrationHistory } from "../hosted/history.ts";
import type { HostedProject } from "../hosted/project.ts";
import type { SupabaseCli } from "../hosted/supabase-cli.ts";

/**
 * Lays out a folder in which `db push` finds every migration that the project has recorded.
 *
 * The CLI refuses to push while the history names a migration without a file. In a project that has other
 * applications those files are not here; what the CLI compares is their version alone, and it never runs them again.
 */
async function stage(
  folder: string,
  { migrations }: LocalFiles,
  { unknown }: MigrationHistory,
): Promise<void> {
  const target = join(folder, "supabase", "migrations");
  await Deno.mkdir(target, { recursive: true });
  await Deno.copyFile(
    join(SUPABASE_FOLDER, "config.toml"),
    join(folder, "supabase", "config.toml"),
  );
  for (const { file } of migrations) {
    await Deno.copyFile(
      join(SUPABASE_FOLDER, "migrations", file),
      join(target, file),
    );
  }
  for (const { version } of unknown) {
    await Deno.writeTextFile(
      join(target, `${version}_recorded_elsewhere.sql`),
      "-- Recorded in the project's history and not part of this checkout.\n",
    );
  }
}

/** What {@linkcode pushMigrations} needs. */
export interface PushOptions {
  project: HostedProject;
  local: LocalFiles;
  history: MigrationHistory;
  /** Is told of each migration as it is applied. */
  say: (line: string) => void;
}

/**
 * Pushes the pending migrations with `db push`, each in a transaction of its own.
 *
 * Without SUPABASE_DB_URL the CLI connects by a temporary login role, for which the access token is enough; tables
 * and schedules belong to role postgres either way.
 */
export async function pushMigrations(
  cli: SupabaseCli,
  { project: { database }, local, history, say }: PushOptions,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "deploy-" });
  try {
    await stage(folder, local, history);
    await cli({
      // Migrations of other applications may be newer than ours.
      args: ["db", "push", "--include-all", "--yes"],
      workdir: folder,
      ...(database === null ? {} : {
        remote: database.url,
        environment: { PGPASSWORD: database.password },
      }),
      onLine: (line) => {
        if (line.startsWith("Applying migration")) say(line);
      },
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
