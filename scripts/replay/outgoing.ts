import type { SupabaseClient } from "@supabase/supabase-js";
import { z } from "zod";
import type { Options } from "./command.ts";

const replayed = z.object({
  outcome: z.enum(["replayed", "nothing_named"]),
  deliveries: z.number().default(0),
  startedAt: z.string().optional(),
});

/** Whether outgoing events are meant, and not those of Toss. */
export function isOutgoing(options: Options): boolean {
  const { endpoint, outboxEvent, type } = options;
  return [endpoint, outboxEvent, type].some((one) => one !== undefined);
}

/** Queues outgoing events again; the job `outbox` sends them. */
export async function replayOutgoing(
  client: SupabaseClient,
  { endpoint, outboxEvent, type, from, to, delivered }: Options,
): Promise<number> {
  let total = 0;
  let since: string | undefined;
  for (;;) {
    const { data, error } = await client.rpc("replay_webhook_deliveries", {
      request: {
        endpointId: endpoint,
        eventId: outboxEvent,
        type,
        from,
        to,
        since,
        // Whoever names one event wants it sent.
        withDelivered: delivered || outboxEvent !== undefined,
      },
    });
    if (error !== null) {
      console.error(`The database refused: ${error.message}`);
      return 1;
    }
    const { deliveries, startedAt } = replayed.parse(data);
    since ??= startedAt;
    total += deliveries;
    if (deliveries === 0) break;
  }
  console.log(
    `${total} event(s) will be sent again; the job outbox is awake.`,
  );
  return 0;
}
