import { createHash } from "node:crypto";
import { join } from "node:path";
import { PROJECT_ROOT } from "./paths.ts";

/** How far the shop's pages are. */
export type ShopState =
  | { kind: "building" }
  | { kind: "ready"; directory: string }
  | { kind: "failed"; reason: string };

/** The pages of `examples/shop`, which Vite builds when somebody first needs them. */
export interface ShopBuild {
  state(): ShopState;
  /** The folder of the built pages; a second call waits for the first. Throws when the build fails. */
  build(): Promise<string>;
  /** Ends a build that is under way. */
  stop(): Promise<void>;
}

const SHOP = join(PROJECT_ROOT, "examples", "shop");
const CLIENT = join(PROJECT_ROOT, "packages", "client", "src");
const BUILDS = join(PROJECT_ROOT, ".local", "shop");
const SHOWN_LINES = 12;

// What a developer's own use of the folder leaves there.
const NOT_SOURCES = new Set(["node_modules", "dist", ".env", ".env.local"]);

async function* filesOf(folder: string): AsyncGenerator<string> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  entries.sort((left, right) => left.name < right.name ? -1 : 1);
  for (const { name, isDirectory } of entries) {
    if (NOT_SOURCES.has(name)) continue;
    const path = join(folder, name);
    if (isDirectory) yield* filesOf(path);
    else yield path;
  }
}

async function digestOf(folders: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const folder of folders) {
    for await (const path of filesOf(folder)) {
      hash.update(path.slice(PROJECT_ROOT.length)).update("\0");
      hash.update(await Deno.readFile(path)).update("\0");
    }
  }
  return hash.digest("hex").slice(0, 16);
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

async function run(
  program: string,
  args: string[],
  signal: AbortSignal,
): Promise<void> {
  const command = Deno.build.os === "windows" && program === "npm"
    ? "npm.cmd"
    : program;
  const { success, stdout, stderr } = await new Deno.Command(command, {
    args,
    cwd: SHOP,
    stdin: "null",
    // A shop of the developer's own may be configured in this shell.
    env: { NO_COLOR: "1", NODE_ENV: "", VITE_SUPABASE_URL: "" },
    signal,
  }).output();
  if (success) return;
  const said = new TextDecoder().decode(
    new Uint8Array([...stdout, ...stderr]),
  );
  throw new Error(said.trim().split("\n").slice(-SHOWN_LINES).join("\n"));
}

/** The packages of package-lock.json; a run that was cut leaves no mark and is done again. */
async function installPackages(signal: AbortSignal): Promise<void> {
  const lock = await Deno.readFile(join(SHOP, "package-lock.json"));
  const digest = createHash("sha256").update(lock).digest("hex");
  const mark = join(SHOP, "node_modules", ".installed");
  const installed = await Deno.readTextFile(mark).catch(() => "");
  if (installed === digest) return;
  await run("npm", ["ci", "--no-audit", "--no-fund"], signal);
  await Deno.writeTextFile(mark, digest);
}

async function buildInto(directory: string, signal: AbortSignal) {
  await installPackages(signal);
  const making = `${directory}.making`;
  const vite = join(SHOP, "node_modules", "vite", "bin", "vite.js");
  await run(
    "node",
    [vite, "build", "--outDir", making, "--emptyOutDir", "--logLevel", "warn"],
    signal,
  );
  for await (const { name } of Deno.readDir(BUILDS)) {
    const path = join(BUILDS, name);
    if (path !== making && name !== "lock") {
      await Deno.remove(path, { recursive: true });
    }
  }
  await Deno.rename(making, directory);
}

/** One build at a time on this machine: they share the folder of packages. */
async function locked(run: () => Promise<void>): Promise<void> {
  await Deno.mkdir(BUILDS, { recursive: true });
  using lock = await Deno.open(join(BUILDS, "lock"), {
    create: true,
    write: true,
  });
  await lock.lock(true);
  await run();
}

/** Prepares the pages of the shop; nothing is built before `build` is called. */
export function prepareShop(): ShopBuild {
  const stopping = new AbortController();
  let state: ShopState = { kind: "building" };
  let building: Promise<string> | undefined;

  const make = async () => {
    try {
      const directory = join(BUILDS, await digestOf([SHOP, CLIENT]));
      const isBuilt = () => exists(join(directory, "index.html"));
      if (!await isBuilt()) {
        await locked(async () => {
          // Another process may have built it meanwhile.
          if (!await isBuilt()) await buildInto(directory, stopping.signal);
        });
      }
      state = { kind: "ready", directory };
      return directory;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      state = { kind: "failed", reason };
      throw error;
    }
  };

  return {
    state: () => state,
    build: () => building ??= make(),
    async stop() {
      stopping.abort();
      await building?.catch(() => {});
    },
  };
}
