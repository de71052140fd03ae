import { z } from "zod";
import { systemStatus } from "../../../../supabase/functions/_shared/database/status.ts";
import { configurationReport } from "../../../../supabase/functions/health/handler.ts";
import { workerRequest } from "../../../../supabase/functions/worker/request.ts";
import type { OperationDescription } from "../operation.ts";

/** `POST webhook`, `POST worker` and `GET health`. */
export const serviceOperations: readonly OperationDescription[] = [{
  function: "webhook",
  method: "post",
  path: "",
  summary: "Receive an event of Toss",
  description:
    "For Toss alone. Stores the event and answers 200; what it says is a hint, and Toss is asked what is true. Any " +
    "JSON body is taken, also of event types this version does not know.",
  security: [],
  body: z.looseObject({}),
  answers: {
    200: {
      description: "Stored.",
      schema: z.object({
        received: z.literal(true),
        eventId: z.string(),
        duplicate: z.boolean(),
      }),
    },
  },
  errors: ["invalid_signature", "ip_not_allowed", "unauthorized"],
}, {
  function: "worker",
  method: "post",
  path: "",
  summary: "Do a slice of background work",
  description:
    "Called by pg_cron. Safe to repeat, to overlap and to be cut. `asOf` works with test keys only; `from` and `to` " +
    "are days in Seoul, for the jobs reconcile and import.",
  security: ["cronSecret", "secretKey"],
  body: workerRequest,
  answers: {
    200: {
      description:
        "What was done, by name; `remaining` is due work that was left.",
      schema: z.object({ job: z.string() }).catchall(
        z.union([z.number().int(), z.string()]),
      ),
    },
  },
  errors: ["unauthorized"],
}, {
  function: "health",
  method: "get",
  path: "",
  summary: "Say whether all is well",
  description:
    "Without a key: that the function runs and is configured. With the secret key: queues, alerts, jobs, violated " +
    "invariants and the configuration, without its secrets. Whoever brings CRON_SECRET is told so in `caller`.",
  security: [],
  opensMore: ["secretKey", "cronSecret"],
  answers: {
    200: {
      description: "The state of the project.",
      schema: z.object({
        status: z.enum(["ok", "attention", "critical"]),
        version: z.string(),
        ...systemStatus.partial().shape,
        configuration: configurationReport.optional(),
        caller: z.literal("cron").optional(),
      }),
    },
  },
  errors: ["unauthorized"],
}];
