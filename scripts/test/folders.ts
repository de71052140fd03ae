import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { PROJECT_ROOT } from "../../stack/paths.ts";

/** So many modules a job: the last one to end keeps the others waiting for a short while only. */
const MODULES_PER_JOB = 2;

/** So many at once: most tests wait for something half their time. */
export const JOBS = navigator.hardwareConcurrency * 2;

interface TestFile {
  path: string;
  text: string;
}

/** A test file, or those below a folder in the order of their names. */
async function testFiles(path: string): Promise<TestFile[]> {
  if (path.endsWith(".test.ts")) {
    return [{ path, text: await Deno.readTextFile(path) }];
  }
  const found: TestFile[] = [];
  const entries = await Array.fromAsync(Deno.readDir(path));
  entries.sort((left, right) => left.name < right.name ? -1 : 1);
  for (const { name, isDirectory } of entries) {
    const file = join(path, name);
    if (isDirectory) found.push(...await testFiles(file));
    else if (name.endsWith(".test.ts")) {
      found.push({ path: file, text: await Deno.readTextFile(file) });
    }
  }
  return found;
}

/** Files that share what they start when one process loads them, see `tests/support/shop-test.ts`. */
function shares({ text }: TestFile): boolean {
  return text.includes("shopTests(");
}

/** A file that runs the documents' commands one by one, for minutes: it would be alone at the end. */
function isLong({ text }: TestFile): boolean {
  return text.includes("/shell-session.ts");
}

/** Cuts a list where about as much text stands on each side; neighbours stay together. */
function slices(files: readonly TestFile[], count: number): TestFile[][] {
  const whole = files.reduce((sum, { text }) => sum + text.length, 0);
  const found: TestFile[][] = [];
  let before = 0;
  for (const file of files) {
    const index = Math.floor(before / whole * count);
    (found[index] ??= []).push(file);
    before += file.text.length;
  }
  return found.filter((slice) => slice !== undefined);
}

function nameOf(slice: readonly TestFile[]): string {
  const ends = [slice.at(0), slice.at(-1)].map((file) =>
    relative(join(PROJECT_ROOT, "tests"), file?.path ?? "")
      .replace(".test.ts", "").replaceAll(/[\\/]/g, "-")
  );
  return `${ends.join("--")}.test.ts`;
}

/**
 * Writes modules that load many files each, so that those start one stack instead of one each and meet warm code.
 *
 * @param folders below the project's root, for example `tests/e2e`; or files
 * @param directory where the modules are written; nothing else may be there
 * @returns the files that take long, the modules, and the other files that stay alone
 */
export async function loadTogether(
  folders: readonly string[],
  directory: string,
): Promise<string[]> {
  const files: TestFile[] = [];
  for (const folder of folders) {
    files.push(...await testFiles(join(PROJECT_ROOT, folder)));
  }
  const count = JOBS * MODULES_PER_JOB;
  const modules: string[] = [];
  for (const slice of slices(files.filter(shares), count)) {
    const module = join(directory, nameOf(slice));
    const imports = slice.map(({ path }) =>
      `import ${JSON.stringify(pathToFileURL(path).href)};\n`
    );
    await Deno.writeTextFile(module, imports.join(""));
    modules.push(module);
  }
  const alone = files.filter((file) => !shares(file));
  const [long = [], short = []] = [
    alone.filter(isLong),
    alone.filter((file) => !isLong(file)),
  ].map((some) => some.map(({ path }) => path));
  return [...long, ...modules, ...short];
}
