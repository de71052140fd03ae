/** Looks a name up; answers all its addresses, none when it has none. */
export type ResolveHost = (name: string) => Promise<string[]>;

/** No name server needs longer; a delivery has ten seconds in all. */
const PATIENCE_MILLISECONDS = 3_000;

/**
 * Asks the platform's name servers for the A and AAAA records of a name.
 *
 * @throws when neither could be asked; a name without addresses is an empty answer
 */
export const resolveHost: ResolveHost = async (name) => {
  const answers = await Promise.allSettled(
    (["A", "AAAA"] as const).map((type) => ask(name, type)),
  );
  const found = answers.flatMap((answer) =>
    answer.status === "fulfilled" ? answer.value : []
  );
  const failed = answers.find((answer) => answer.status === "rejected");
  if (found.length === 0 && failed !== undefined) throw failed.reason;
  return found;
};

async function ask(name: string, type: "A" | "AAAA"): Promise<string[]> {
  try {
    return await Deno.resolveDns(name, type, {
      signal: AbortSignal.timeout(PATIENCE_MILLISECONDS),
    });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
