import assert from "node:assert/strict";
import { join } from "node:path";
import ts from "typescript";
import { PROJECT_ROOT } from "../../stack/paths.ts";

const SOURCE = join(PROJECT_ROOT, "packages/client");
const LOCAL = join(PROJECT_ROOT, ".local");

async function npm(cwd: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("npm", {
    args: [...args, "--silent", "--no-audit", "--no-fund"],
    cwd,
  }).output();
  const text = new TextDecoder();
  assert.ok(success, text.decode(stderr) || text.decode(stdout));
  return text.decode(stdout).trim();
}

/** Builds the client as `npm run build` does: with the compiler and the package's own tsconfig.json. */
function buildInto(folder: string): void {
  const config = ts.getParsedCommandLineOfConfigFile(
    join(SOURCE, "tsconfig.json"),
    { outDir: join(folder, "dist") },
    {
      ...ts.sys,
      onUnRecoverableConfigFileDiagnostic: ({ messageText }) => {
        throw new Error(ts.flattenDiagnosticMessageText(messageText, "\n"));
      },
    },
  );
  assert.ok(config);
  const program = ts.createProgram(config.fileNames, config.options);
  const { diagnostics } = program.emit();
  const found = [...ts.getPreEmitDiagnostics(program), ...diagnostics];
  assert.deepEqual(
    found.map(({ messageText, file }) =>
      `${file?.fileName} ${ts.flattenDiagnosticMessageText(messageText, "\n")}`
    ),
    [],
  );
}

/** The client as `npm pack` makes it. @returns the path of the tarball, below `folder` */
export async function packClient(folder: string): Promise<string> {
  const source = join(folder, "package");
  await Deno.mkdir(source);
  for (const name of ["package.json", "README.md", "README.ko.md"]) {
    await Deno.copyFile(join(SOURCE, name), join(source, name));
  }
  buildInto(source);
  const name = await npm(source, "pack", "--ignore-scripts");
  return join(source, name);
}

/**
 * An empty project with the packed client installed, below the project's root, where its peers are found.
 *
 * @returns its folder; disposing of it removes it
 */
export async function emptyProject(): Promise<
  { folder: string; [Symbol.asyncDispose]: () => Promise<void> }
> {
  await Deno.mkdir(LOCAL, { recursive: true });
  const parent = await Deno.makeTempDir({ dir: LOCAL, prefix: "project-" });
  const tarball = await packClient(parent);
  const folder = join(parent, "project");
  await Deno.mkdir(folder);
  await Deno.writeTextFile(
    join(folder, "package.json"),
    JSON.stringify({ private: true, type: "module" }),
  );
  await npm(folder, "install", "--offline", "--legacy-peer-deps", tarball);
  return {
    folder,
    [Symbol.asyncDispose]: () => Deno.remove(parent, { recursive: true }),
  };
}
