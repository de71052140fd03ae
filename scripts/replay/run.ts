import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { z } from "zod";
import { commandEnvironment } from "../project/command-environment.ts";
import { openProject } from "../project/open-project.ts";
import { UsageError } from "../door/errors.ts";
import type { Options } from "./command.ts";
import { isOutgoing, replayOutgoing } from "./outgoing.ts";

const replayed = z.object({
  outcome: z.enum(["replayed", "nothing_named"]),
  events: z.number().optional(),
});

const workerAnswer = z.looseObject({ remaining: z.number() });

/** One more round than any backlog of a small shop needs; cron goes on where this stops. */
const MAXIMUM_ROUNDS = 20;

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
  const { event, order, payment, status, from, to, hook } = options;
  if (
    [event, order, payment, status, from, hook].every((one) =>
      one === undefined
    ) && !isOutgoing(options)
  ) {
    throw new UsageError(
      "Name at least one of --event, --order, --payment, --status, --from, --hook, --endpoint, --outbox-event, --type",
    );
  }
  const project = await openProject(commandEnvironment());
  const client = createClient(project.url, project.secretKey, {
    auth: { persistSession: false, autoRefreshToken: false },
  });
  if (hook !== undefined) return await replayHook(client, hook);
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

  for (let round = 0; round < MAXIMUM_ROUNDS; round++) {
    const response = await fetch(`${project.url}/functions/v1/worker`, {
      method: "POST",
      headers: {
        apikey: project.secretKey,
        "content-type": "application/json",
      },
      body: JSON.stringify({ job: "webhooks" }),
    });
    const text = await response.text();
    if (!response.ok) {
      console.error(
        `The worker answered ${response.status}: ${text}\nThe events are armed; cron takes them up.`,
      );
      return 1;
    }
    console.log(text);
    if (workerAnswer.parse(JSON.parse(text)).remaining === 0) break;
  }
  return 0;
}
