import { z } from "zod";
import { type Answer, type Ask, describeAnswer } from "./ask.ts";
import { callDatabase } from "./diagnosis.ts";
import type { DoctorTarget } from "./target.ts";

const sent = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("sent"), requestId: z.number() }),
  z.object({ outcome: z.literal("vault_incomplete") }),
  z.object({ outcome: z.literal("extension_missing") }),
]);

const response = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("waiting") }),
  z.object({ outcome: z.literal("failed"), error: z.string().nullable() }),
  z.object({
    outcome: z.literal("answered"),
    status: z.number(),
    isOurs: z.boolean(),
    isCronCaller: z.boolean(),
    isConfigured: z.boolean(),
    region: z.string().nullable(),
  }),
]);

/** How far a call of the database to the functions came; `waiting` = no answer came in time. */
export type WakeUp =
  | z.output<typeof response>
  | { outcome: "vault_incomplete" | "extension_missing" }
  /** The database did not do it. */
  | { outcome: "refused"; detail: string };

const PAUSE_MILLISECONDS = 250;

/**
 * Lets the database call the functions as its schedules do, and waits for the answer.
 *
 * Nothing leaves the database but the request itself: the secret is compared by the functions, not here.
 */
export async function tryWakeUp(
  ask: Ask,
  target: DoctorTarget,
  patienceMilliseconds: number,
): Promise<WakeUp> {
  const asked = await callDatabase(ask, target, "request_health", {});
  const request = sent.safeParse(bodyOf(asked));
  if (!request.success) return refused(asked);
  if (request.data.outcome !== "sent") return request.data;
  const { requestId } = request.data;
  const deadline = Date.now() + patienceMilliseconds;
  while (true) {
    const answer = await callDatabase(ask, target, "read_health_response", {
      requestId,
    });
    const read = response.safeParse(bodyOf(answer));
    if (!read.success) return refused(answer);
    if (read.data.outcome !== "waiting" || Date.now() >= deadline) {
      return read.data;
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MILLISECONDS));
  }
}

function bodyOf(answer: Answer): unknown {
  return answer.outcome === "answered" ? answer.body : null;
}

function refused(answer: Answer): WakeUp {
  return { outcome: "refused", detail: describeAnswer(answer) };
}
