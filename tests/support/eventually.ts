import { waitUntil } from "../../stack/wait-until.ts";

/** Waits for a state of another process, which announces no change; throws after two minutes, which no machine is too slow for. */
export async function eventually(
  what: string,
  question: () => boolean | Promise<boolean>,
): Promise<void> {
  const options = { timeoutMs: 120_000, intervalMs: 5 };
  if (!await waitUntil(question, options)) {
    throw new Error(`it never happened that ${what}`);
  }
}
