/** Whether bash would wait for another line. `<ref>` and the like, for the reader to fill in, are no redirects. */
async function isComplete(text: string): Promise<boolean> {
  if (/\\$/.test(text)) return false;
  const { success } = await new Deno.Command("bash", {
    args: ["-n", "-c", text.replaceAll(/<[A-Za-z][^<>\n]*>/g, "value")],
    stdout: "null",
    stderr: "null",
  }).output();
  return success;
}

/** Splits a block of shell code into its commands; lines that only comment are left out. */
export async function splitCommands(code: string): Promise<string[]> {
  const commands: string[] = [];
  let pending: string[] = [];
  for (const line of code.split("\n")) {
    if (pending.length === 0 && /^\s*(#|$)/.test(line)) continue;
    pending.push(line);
    const text = pending.join("\n");
    if (await isComplete(text)) {
      commands.push(text.replace(/\s+# .*$/, ""));
      pending = [];
    }
  }
  if (pending.length > 0) {
    throw new Error(`bash does not understand: ${pending.join("\n")}`);
  }
  return commands;
}
