import { join } from "node:path";
import {
  type Stack,
  type StackOptions,
  startStack,
} from "../../stack/stack.ts";

/** The files of a small project, by name. */
export interface ProjectFiles {
  /** Source of `index.ts` by function name. */
  functions?: Record<string, string>;
  /** SQL by file name. */
  migrations?: Record<string, string>;
  seed?: string;
}

/** A project in a temporary folder, removed when it goes out of scope. */
export interface Project extends AsyncDisposable {
  folder: string;
  options: Required<
    Pick<
      StackOptions,
      "functionsDirectory" | "migrationsDirectory" | "seedFile"
    >
  >;
}

/** Writes a small project into a temporary folder. */
export async function createProject(files: ProjectFiles): Promise<Project> {
  const folder = await Deno.makeTempDir({ prefix: "project-" });
  const functionsDirectory = join(folder, "functions");
  const migrationsDirectory = join(folder, "migrations");
  const seedFile = join(folder, "seed.sql");
  await Deno.mkdir(functionsDirectory);
  await Deno.mkdir(migrationsDirectory);
  for (const [name, source] of Object.entries(files.functions ?? {})) {
    await Deno.mkdir(join(functionsDirectory, name));
    await Deno.writeTextFile(
      join(functionsDirectory, name, "index.ts"),
      source,
    );
  }
  for (const [name, text] of Object.entries(files.migrations ?? {})) {
    await Deno.writeTextFile(join(migrationsDirectory, name), text);
  }
  if (files.seed !== undefined) await Deno.writeTextFile(seedFile, files.seed);
  return {
    folder,
    options: { functionsDirectory, migrationsDirectory, seedFile },
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

/** Runs a body against a stack of a small project, and stops it afterwards. */
export async function withStack(
  given: { files: ProjectFiles; options?: StackOptions },
  body: (stack: Stack, log: string[]) => Promise<void>,
): Promise<void> {
  await using project = await createProject(given.files);
  const log: string[] = [];
  const stack = await startStack({
    ...project.options,
    log: (line) => log.push(line),
    ...given.options,
  });
  try {
    await body(stack, log);
  } finally {
    await stack.stop();
  }
}
