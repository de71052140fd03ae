import { z } from "zod";
import {
  type Story,
  story,
} from "../../supabase/functions/_shared/story/story.ts";
import { StopError, UsageError } from "../door/errors.ts";
import { commandEnvironment } from "../project/command-environment.ts";
import { openProject, type Project } from "../project/open-project.ts";
import type { Options } from "./command.ts";
import { renderStory } from "./render.ts";

const refusal = z.looseObject({ code: z.string(), message: z.string() });

/**
 * Asks the project's function `operator`, which alone has Toss's keys.
 *
 * @throws StopError in one line when nothing has this id, or the function did not answer
 */
async function readStory(
  { url, secretKey }: Project,
  id: string,
): Promise<Story> {
  const response = await fetch(`${url}/functions/v1/operator`, {
    method: "POST",
    headers: { apikey: secretKey, "content-type": "application/json" },
    body: JSON.stringify({ action: "order", id }),
  });
  const text = await response.text();
  if (response.ok) return story.parse(JSON.parse(text));
  const read = refusal.safeParse(text.startsWith("{") ? JSON.parse(text) : {});
  if (read.data?.code === "order_not_found") {
    throw new StopError(`No order, payment or subscription has the id ${id}.`);
  }
  throw new StopError(
    `The function operator answered ${response.status}: ${
      read.data?.message ?? text.slice(0, 200)
    }`,
  );
}

/** Prints the story of one id. */
export async function run({ id, json }: Options): Promise<number> {
  if (id === undefined) {
    throw new UsageError(
      "Name an order: its orderId, paymentKey, subscriptionId or reference",
    );
  }
  const project = await openProject(commandEnvironment());
  const told = await readStory(project, id);
  console.log(json ? JSON.stringify(told, null, 2) : renderStory(told));
  return 0;
}
