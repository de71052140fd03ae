import { waitUntil } from "../../scripts/stack/wait-until.ts";

/** Waits for a state of another process, which announces no change; throws after 10 s. */
export async function eventually(
  what: string,
  question: () => boolean | Promise<boolean>,
): Promise<void> {
  const options = { timeoutMs: 10_000, intervalMs: 5 };
  if (!await waitUntil(question, options)) {
    throw new Error(`it never happened that ${what}`);
  }
}
