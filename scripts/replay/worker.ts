import { z } from "zod";
import type { Project } from "../project/open-project.ts";

const workerAnswer = z.looseObject({ remaining: z.number() });

/** One more round than any backlog of a small shop needs; cron goes on where this stops. */
const MAXIMUM_ROUNDS = 20;

/** Lets the worker do a job until nothing of it is due; false when it did not answer, which is said. */
export async function workOff(
  project: Project,
  job: "webhooks" | "operations",
): Promise<boolean> {
  for (let round = 0; round < MAXIMUM_ROUNDS; round++) {
    const response = await fetch(`${project.url}/functions/v1/worker`, {
      method: "POST",
      headers: {
        apikey: project.secretKey,
        "content-type": "application/json",
      },
      body: JSON.stringify({ job }),
    });
    const text = await response.text();
    if (!response.ok) {
      console.error(
        `The worker answered ${response.status}: ${text}\nThe events are armed; cron takes them up.`,
      );
      return false;
    }
    console.log(text);
    if (workerAnswer.parse(JSON.parse(text)).remaining === 0) break;
  }
  return true;
}
