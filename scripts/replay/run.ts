import { createClient } from "@supabase/supabase-js";
import { z } from "zod";
import { commandEnvironment } from "../project/command-environment.ts";
import { openProject } from "../project/open-project.ts";
import { runCommand, type Values } from "../door/run-command.ts";
import { UsageError } from "../door/stop-error.ts";

const HELP =
  `Processes webhook events again. Safe at any time: Toss is asked what is true.

  npx -y deno task replay --event <id>
  npx -y deno task replay --order <orderId>
  npx -y deno task replay --payment <paymentKey>
  npx -y deno task replay --status dead
  npx -y deno task replay --from 2026-11-21T00:00:00+09:00 --to 2026-11-22T00:00:00+09:00

Several conditions must all hold. Without SUPABASE_URL and SUPABASE_SECRET_KEY in the
environment, the local stack that runs now is used.`;

const OPTIONS = {
  event: { type: "string" },
  order: { type: "string" },
  payment: { type: "string" },
  status: { type: "string" },
  from: { type: "string" },
  to: { type: "string" },
} as const;

const time = z.iso.datetime({
  offset: true,
  error: "must be a time with offset, such as 2026-11-21T00:00:00+09:00",
});

const STATUSES = ["received", "processed", "ignored", "failed", "dead"];

const filterSchema = z.strictObject({
  event: z.uuid("must be the id of a row of webhook_events").optional(),
  order: z.string().min(1).optional(),
  payment: z.string().min(1).optional(),
  status: z.enum(STATUSES, `must be one of ${STATUSES.join(", ")}`).optional(),
  from: time.optional(),
  to: time.optional(),
});

const replayed = z.object({
  outcome: z.enum(["replayed", "nothing_named"]),
  events: z.number().optional(),
});

const workerAnswer = z.looseObject({ remaining: z.number() });

/** One more round than any backlog of a small shop needs; cron goes on where this stops. */
const MAXIMUM_ROUNDS = 20;

async function replay(filter: z.output<typeof filterSchema>): Promise<number> {
  const project = await openProject(commandEnvironment());
  const client = createClient(project.url, project.secretKey, {
    auth: { persistSession: false, autoRefreshToken: false },
  });
  const names = {
    event: "eventId",
    order: "orderId",
    payment: "paymentKey",
  } as const;
  const request = Object.fromEntries(
    Object.entries(filter).map(([name, value]) => [
      name in names ? names[name as keyof typeof names] : name,
      value,
    ]),
  );
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

function readFilter(
  filter: Values<typeof OPTIONS>,
): z.output<typeof filterSchema> {
  if (Object.keys(filter).every((name) => name === "to")) {
    throw new UsageError(
      "Name at least one of --event, --order, --payment, --status, --from",
    );
  }
  const parsed = filterSchema.safeParse(filter);
  if (parsed.success) return parsed.data;
  throw new UsageError(
    parsed.error.issues
      .map(({ path, message }) => `--${path.join(".")} ${message}`).join("\n"),
  );
}

await runCommand({
  name: "replay",
  help: HELP,
  options: OPTIONS,
  run: (values) => replay(readFilter(values)),
});
