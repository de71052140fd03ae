import { sendNotices } from "../notify/run.ts";
import { type OutboxSlice, sendWebhooks } from "../outgoing/run.ts";

/** Who tells others what the outbox holds. They run side by side: none waits for another. */
const SENDERS: readonly ((
  slice: OutboxSlice,
) => Promise<Record<string, number>>)[] = [sendWebhooks, sendNotices];

/** Lets every sender do a bounded slice, and adds up what they did. */
export async function runOutbox(
  slice: OutboxSlice,
): Promise<Record<string, number>> {
  const results = await Promise.all(SENDERS.map((send) => send(slice)));
  const total: Record<string, number> = {};
  for (const [name, count] of results.flatMap(Object.entries<number>)) {
    total[name] = (total[name] ?? 0) + count;
  }
  return total;
}
