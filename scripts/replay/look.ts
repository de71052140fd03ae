import type { SupabaseClient } from "@supabase/supabase-js";
import { z } from "zod";
import { StopError } from "../door/errors.ts";
import type { Project } from "../project/open-project.ts";
import { workOff } from "./worker.ts";

const asked = z.object({
  outcome: z.enum(["asked", "not_found"]),
  operations: z.number().optional(),
  events: z.number().optional(),
  questions: z.number().optional(),
});

/** Has Toss asked now about everything that is open around an order or a subscription, and its answers applied. */
export async function lookAgain(
  project: Project,
  client: SupabaseClient,
  id: string,
): Promise<number> {
  const { data, error } = await client.rpc("look_again", { request: { id } });
  if (error !== null) {
    throw new StopError(`The database refused: ${error.message}`);
  }
  const answer = asked.parse(data);
  if (answer.outcome === "not_found") {
    throw new StopError(`No order, payment or subscription has the id ${id}.`);
  }
  const { operations = 0, events = 0, questions = 0 } = answer;
  console.log(
    `Toss is asked about ${questions} payment(s), ${operations} open operation(s) and ${events} event(s).`,
  );
  for (const job of ["webhooks", "operations"] as const) {
    if (!await workOff(project, job)) return 1;
  }
  return 0;
}
