import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { PROJECT_ROOT } from "../../stack/paths.ts";

/** The test files of a folder and of those below it, by folder. */
async function filesByFolder(
  path: string,
  found = new Map<string, string[]>(),
): Promise<Map<string, string[]>> {
  const entries = await Array.fromAsync(Deno.readDir(path));
  for (const { name, isDirectory } of entries.sort(byName)) {
    const file = join(path, name);
    if (isDirectory) await filesByFolder(file, found);
    else if (name.endsWith(".test.ts")) {
      found.set(path, [...found.get(path) ?? [], file]);
    }
  }
  return found;
}

function byName(left: Deno.DirEntry, right: Deno.DirEntry): number {
  return left.name < right.name ? -1 : 1;
}

/** Files that share what they start when one process loads them, see `tests/support/shop-test.ts`. */
async function shares(file: string): Promise<boolean> {
  return (await Deno.readTextFile(file)).includes("shopTests(");
}

/**
 * Writes one module a folder that loads the folder's files, so that they start one stack instead of one each and meet
 * warm code.
 *
 * @param folders below the project's root, for example `tests/e2e`
 * @param directory where the modules are written; nothing else may be there
 * @returns the modules, and the files that stay alone
 */
export async function loadTogether(
  folders: readonly string[],
  directory: string,
): Promise<string[]> {
  const modules: string[] = [];
  for (const folder of folders) {
    const found = await filesByFolder(join(PROJECT_ROOT, folder));
    for (const [path, files] of found) {
      const sharing: string[] = [];
      for (const file of files) {
        if (await shares(file)) sharing.push(file);
        else modules.push(file);
      }
      if (sharing.length === 0) continue;
      const name = relative(join(PROJECT_ROOT, "tests"), path)
        .replaceAll(/[\\/]/g, "-");
      const module = join(directory, `${name}.test.ts`);
      const imports = sharing.map((file) =>
        `import ${JSON.stringify(pathToFileURL(file).href)};\n`
      );
      await Deno.writeTextFile(module, imports.join(""));
      modules.push(module);
    }
  }
  return modules;
}
