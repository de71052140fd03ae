import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Upload } from "./upload.ts";

/** What an upload brings along from npm. */
export interface Packages {
  /** Folder that holds one folder for each registry. */
  cache: string;
  packages: readonly { name: string; version: string }[];
}

async function readFolder(folder: string): Promise<Uint8Array[]> {
  const contents: Uint8Array[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (isDirectory) contents.push(...await readFolder(path));
    else contents.push(await Deno.readFile(path));
  }
  return contents;
}

async function findPackage(
  cache: string,
  path: string,
): Promise<string> {
  for await (const { name } of Deno.readDir(cache)) {
    const folder = join(cache, name, path);
    if (await Deno.stat(folder).then(() => true, () => false)) return folder;
  }
  throw new Error(`${path} is not in ${cache}`);
}

/**
 * How many bytes an upload and the whole of its npm packages take, compressed.
 *
 * More than the platform's bundle, which is compressed as well and leaves out what no import reaches.
 */
export async function packedSize(
  { files }: Upload,
  { cache, packages }: Packages,
): Promise<number> {
  const contents = [...files.values()];
  for (const { name, version } of packages) {
    contents.push(
      ...await readFolder(await findPackage(cache, join(name, version))),
    );
  }
  return contents.reduce((sum, bytes) => sum + gzipSync(bytes).length, 0);
}
