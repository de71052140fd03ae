import { dirname, join } from "node:path";
import { z } from "zod";

const metadata = z.looseObject({
  name: z.string(),
  entrypoint_path: z.string(),
  import_map_path: z.string(),
  verify_jwt: z.boolean(),
});

/** What the CLI sends for one function. */
export interface Upload {
  metadata: z.output<typeof metadata>;
  /** Content of each file by its path below the project's root. */
  files: Map<string, Uint8Array>;
}

/** Reads the multipart body of a deployment. */
export async function readUpload(request: Request): Promise<Upload> {
  const form = await request.formData();
  const files = new Map<string, Uint8Array>();
  for (const part of form.getAll("file")) {
    if (!(part instanceof File)) throw new TypeError("a file part is a text");
    files.set(part.name, await part.bytes());
  }
  const described = form.get("metadata");
  const text = described instanceof File
    ? await described.text()
    : described ?? "";
  return { metadata: metadata.parse(JSON.parse(text)), files };
}

/** How many bytes of source were uploaded. */
export function uploadSize({ files }: Upload): number {
  return [...files.values()].reduce((sum, bytes) => sum + bytes.length, 0);
}

/** Writes the files of an upload below a folder, and nothing else. */
export async function writeUpload(
  folder: string,
  { files }: Upload,
): Promise<void> {
  for (const [path, bytes] of files) {
    if (path.startsWith("/") || path.split("/").includes("..")) {
      throw new Error(`the upload leaves its folder: ${path}`);
    }
    const target = join(folder, path);
    await Deno.mkdir(dirname(target), { recursive: true });
    await Deno.writeFile(target, bytes);
  }
}
