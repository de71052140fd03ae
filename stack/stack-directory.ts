import { join } from "node:path";

/** The folder of a running stack, held for it alone. */
export interface StackDirectory {
  path: string;
  temporary: boolean;
  /** Lets another stack use the folder. */
  release(): void;
}

/** Another stack runs on this folder. */
export class DirectoryInUseError extends Error {
  override name = "DirectoryInUseError";

  constructor(readonly path: string) {
    super(`another stack runs on ${path}`);
  }
}

const LOCK_FILE = "stack.lock";

/**
 * Opens the folder of a stack and locks it against a second one.
 *
 * `path` null makes a temporary folder. The lock is the system's: it is free
 * again when the process ends, however it ends. `reset` empties the folder of
 * what a stack keeps in it. Throws {@linkcode DirectoryInUseError}.
 */
export async function openStackDirectory(
  path: string | null,
  reset: boolean,
): Promise<StackDirectory> {
  const folder = path ?? await Deno.makeTempDir({ prefix: "stack-" });
  await Deno.mkdir(folder, { recursive: true });
  const lock = await Deno.open(join(folder, LOCK_FILE), {
    create: true,
    write: true,
  });
  if (!(await lock.tryLock(true))) {
    lock.close();
    throw new DirectoryInUseError(folder);
  }
  if (reset) {
    for (const name of ["data", "data.unfinished", "secrets.json"]) {
      await Deno.remove(join(folder, name), { recursive: true })
        .catch(() => undefined);
    }
  }
  return {
    path: folder,
    temporary: path === null,
    release: () => lock.close(),
  };
}

/** Tells whether a running stack holds this folder. */
export async function isDirectoryInUse(path: string): Promise<boolean> {
  const lock = await Deno.open(join(path, LOCK_FILE), { write: true })
    .catch(() => null);
  if (lock === null) return false;
  const free = await lock.tryLock(true);
  lock.close();
  return !free;
}
