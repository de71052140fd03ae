import { z } from "zod";
import { commandEnvironment } from "../project/command-environment.ts";
import { openProject, type Project } from "../project/open-project.ts";
import { runCommand, type Values } from "../door/run-command.ts";
import { UsageError } from "../door/stop-error.ts";

const HELP =
  `Charges subscriptions that are due, or shows who would be charged what.

  npx -y deno task charge --dry-run
  npx -y deno task charge --dry-run --as-of 2027-01-01T00:00:00+09:00
  npx -y deno task charge --subscription <id>
  npx -y deno task charge

  --dry-run             shows and writes nothing
  --subscription <id>   only this one
  --limit <n>           at most so many (1 to 500, default 300)
  --as-of <time>        what is due at that time, charged as well unless it
                        is a dry run; only with Toss test keys

Without SUPABASE_URL and SUPABASE_SECRET_KEY in the environment, the local
stack that runs now is used.`;

const OPTIONS = {
  "dry-run": { type: "boolean", default: false },
  subscription: { type: "string" },
  limit: { type: "string", default: "300" },
  "as-of": { type: "string" },
} as const;

const requestSchema = z.strictObject({
  dryRun: z.boolean(),
  subscriptionId: z.uuid("--subscription must be a subscription's id")
    .optional(),
  limit: z.coerce.number().refine(
    (limit) => Number.isInteger(limit) && limit >= 1 && limit <= 500,
    "--limit must be a whole number from 1 to 500",
  ),
  asOf: z.iso.datetime({
    offset: true,
    error:
      "--as-of must be a time with offset, such as 2027-01-01T00:00:00+09:00",
  }).optional(),
});

type ChargeCommand = z.output<typeof requestSchema>;

const answerSchema = z.object({
  claimed: z.number(),
  paid: z.number(),
  declined: z.number(),
  unknown: z.number(),
  remaining: z.number(),
  runId: z.string(),
  charges: z.array(z.object({
    subscriptionId: z.string(),
    userId: z.string(),
    planId: z.string(),
    amount: z.number(),
    currency: z.string(),
    periodStart: z.string(),
    periodEnd: z.string(),
    attempt: z.number(),
    missedPeriods: z.number(),
  })).default([]),
});

async function callBillingCharge(
  project: Project,
  command: ChargeCommand,
): Promise<z.output<typeof answerSchema> | null> {
  const response = await fetch(`${project.url}/functions/v1/billing-charge`, {
    method: "POST",
    headers: {
      apikey: project.secretKey,
      "content-type": "application/json",
    },
    body: JSON.stringify(command),
  });
  const text = await response.text();
  if (response.ok) return answerSchema.parse(JSON.parse(text));
  console.error(`billing-charge answered ${response.status}: ${text}`);
  return null;
}

type Due = z.output<typeof answerSchema>["charges"][number];

/** Lines that fit a terminal: the ids alone would fill one. */
function describe(due: Due): string {
  const { planId, amount, currency, attempt, missedPeriods } = due;
  return [
    `${planId}  ${amount.toLocaleString("en")} ${currency}`,
    `  subscription  ${due.subscriptionId}`,
    `  user          ${due.userId}`,
    `  period        ${due.periodStart} to ${due.periodEnd}`,
    `  attempt       ${attempt}`,
    ...(missedPeriods === 0
      ? []
      : [`  missed        ${missedPeriods} periods`]),
  ].join("\n");
}

async function charge(command: ChargeCommand): Promise<number> {
  const project = await openProject(commandEnvironment());
  const answer = await callBillingCharge(project, command);
  if (answer === null) return 1;
  const { charges, runId, ...counts } = answer;
  if (command.dryRun) {
    for (const charge of charges) console.log(`${describe(charge)}\n`);
    console.log(
      `${charges.length} would be charged, ${counts.remaining} more are due. Nothing was written.`,
    );
    return 0;
  }
  const named = Object.entries(counts).map(([name, n]) => `${name} ${n}`);
  console.log(`Run ${runId}: ${named.join(", ")}`);
  return 0;
}

function readCommand(values: Values<typeof OPTIONS>): ChargeCommand {
  const parsed = requestSchema.safeParse({
    dryRun: values["dry-run"],
    subscriptionId: values.subscription,
    limit: values.limit,
    asOf: values["as-of"],
  });
  if (parsed.success) return parsed.data;
  throw new UsageError(
    parsed.error.issues.map(({ message }) => message).join("\n"),
  );
}

await runCommand({
  name: "charge",
  help: HELP,
  options: OPTIONS,
  run: (values) => charge(readCommand(values)),
});
