/** One process of the system. */
export interface ProcessEntry {
  pid: number;
  parent: number;
  /** The command line, its parts joined by spaces. */
  command: string;
}

async function readProc(pid: number): Promise<ProcessEntry | null> {
  const folder = `/proc/${pid}`;
  try {
    const stat = await Deno.readTextFile(`${folder}/stat`);
    const command = await Deno.readTextFile(`${folder}/cmdline`);
    // The name, in parentheses, may itself hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const text = command.replaceAll("\0", " ").trim();
    return { pid, parent: Number(fields[1]), command: text };
  } catch {
    return null;
  }
}

async function askPs(pid: number): Promise<ProcessEntry | null> {
  const { stdout } = await new Deno.Command("ps", {
    args: ["-ww", "-p", String(pid), "-o", "ppid=,args="],
  }).output();
  const line = new TextDecoder().decode(stdout);
  const [, parent, command] = line.match(/^\s*(\d+)\s+(.*)/) ?? [];
  if (!parent || command === undefined) return null;
  return { pid, parent: Number(parent), command };
}

/**
 * Describes a process; null when there is none with this id, or on Windows.
 *
 * Reads `/proc` on Linux, where small images come without `ps`.
 */
export async function describeProcess(
  pid: number,
): Promise<ProcessEntry | null> {
  switch (Deno.build.os) {
    case "linux":
      return await readProc(pid);
    case "windows":
      return null;
    default:
      return await askPs(pid);
  }
}
