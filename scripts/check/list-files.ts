/** Every file below a folder whose name ends so, with its path. */
export async function listFiles(
  folder: string,
  ending: string,
): Promise<string[]> {
  const files: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) files.push(...await listFiles(path, ending));
    else if (path.endsWith(ending)) files.push(path);
  }
  return files;
}
