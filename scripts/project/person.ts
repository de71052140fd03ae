import { createClient } from "@supabase/supabase-js";
import { z } from "zod";
import { StopError, UsageError } from "../door/errors.ts";
import { commandEnvironment } from "./command-environment.ts";
import { openProject } from "./open-project.ts";

/** Who is meant: a user, or the buyer of a guest's order. */
export interface Person {
  userId?: string;
  orderId?: string;
}

const missing = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("not_found") }),
  z.object({ outcome: z.literal("order_of_user"), userId: z.string() }),
]);

async function ask(
  call: string,
  request: Record<string, unknown>,
): Promise<unknown> {
  const project = await openProject(commandEnvironment());
  const client = createClient(project.url, project.secretKey, {
    auth: { persistSession: false, autoRefreshToken: false },
  });
  const { data, error } = await client.rpc(call, { request });
  if (error !== null) {
    throw new StopError(`The database refused: ${error.message}`);
  }
  return data;
}

/**
 * Asks the database about the person whom an id means: a user's id, or the id of a guest's order.
 *
 * @throws {StopError} when nobody is known by it, or the order is a user's
 */
export async function askAboutPerson<Answer>(
  call: "erase_person" | "export_person",
  { id, ...request }: { id: string | undefined } & Record<string, unknown>,
  answer: z.ZodType<Answer>,
): Promise<Answer> {
  if (id === undefined || id === "") {
    throw new UsageError("<userId | orderId> is missing");
  }
  const asked: Person[] = z.uuid().safeParse(id).success
    ? [{ userId: id }, { orderId: id }]
    : [{ orderId: id }];
  for (const person of asked) {
    const found = await ask(call, { ...person, ...request });
    const { data } = missing.safeParse(found);
    if (data === undefined) return answer.parse(found);
    if (data.outcome === "order_of_user") {
      throw new StopError(
        `Order ${id} is a user's: name the user, ${data.userId}`,
      );
    }
  }
  throw new StopError(`Nothing here belongs to ${id}`);
}
