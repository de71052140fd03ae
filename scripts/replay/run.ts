import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { z } from "zod";
import { commandEnvironment } from "../project/command-environment.ts";
import { openProject } from "../project/open-project.ts";
import { UsageError } from "../door/errors.ts";
import type { Options } from "./command.ts";
import { workOff } from "./worker.ts";
import { lookAgain } from "./look.ts";
import { isOutgoing, replayOutgoing } from "./outgoing.ts";

const replayed = z.object({
  outcome: z.enum(["replayed", "nothing_named"]),
  events: z.number().optional(),
});

const hookAnswer = z.object({ called: z.number(), failed: z.number() });

/** Calls the shop's order hook with what an order is owed. */
async function replayHook(
  client: SupabaseClient,
  orderId: string,
): Promise<number> {
  const { data, error } = await client.rpc("run_order_hooks", {
    request: { orderId },
  });
  if (error !== null) {
    console.error(`The database refused: ${error.message}`);
    return 1;
  }
  const { called, failed } = hookAnswer.parse(data);
  console.log(`${called} call(s) of the order hook succeeded.`);
  if (failed === 0) return 0;
  console.error(
    "The next one failed again: what it raised stands in the alert hook_failed.",
  );
  return 1;
}

/** Arms the events that are named, and lets the worker take them. */
export async function run(options: Options): Promise<number> {
  const { event, order, payment, status, from, to, hook, look } = options;
  if (
    [event, order, payment, status, from, hook, look].every((one) =>
      one === undefined
    ) && !isOutgoing(options)
  ) {
    throw new UsageError(
      "Name at least one of --event, --order, --payment, --status, --from, --look, --hook, --endpoint, --outbox-event, --type",
    );
  }
  const project = await openProject(commandEnvironment());
  const client = createClient(project.url, project.secretKey, {
    auth: { persistSession: false, autoRefreshToken: false },
  });
  if (hook !== undefined) return await replayHook(client, hook);
  if (look !== undefined) return await lookAgain(project, client, look);
  if (isOutgoing(options)) return await replayOutgoing(client, options);
  const request = {
    eventId: event,
    orderId: order,
    paymentKey: payment,
    ...{ status, from, to },
  };
  const { data, error } = await client.rpc("replay_webhook_events", {
    request,
  });
  if (error !== null) {
    console.error(`The database refused: ${error.message}`);
    return 1;
  }
  const { events = 0 } = replayed.parse(data);
  console.log(`${events} event(s) will be processed again.`);
  if (events === 0) return 0;

  return await workOff(project, "webhooks") ? 0 : 1;
}
