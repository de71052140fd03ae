/** Copies a data folder with owners and permissions, which Postgres insists on. */
export async function copyDataDirectory(
  from: string,
  to: string,
): Promise<void> {
  const { success, stderr } = await new Deno.Command("cp", {
    args: ["-a", from, to],
    stdin: "null",
  }).output();
  if (success) return;
  throw new Error(
    `${from} could not be copied: ${new TextDecoder().decode(stderr).trim()}`,
  );
}
