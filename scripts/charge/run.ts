import { z } from "zod";
import { commandEnvironment } from "../project/command-environment.ts";
import { openProject, type Project } from "../project/open-project.ts";
import type { Options } from "./command.ts";

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
  options: Options,
): Promise<z.output<typeof answerSchema> | null> {
  const response = await fetch(`${project.url}/functions/v1/billing-charge`, {
    method: "POST",
    headers: {
      apikey: project.secretKey,
      "content-type": "application/json",
    },
    body: JSON.stringify({
      dryRun: options.dryRun,
      subscriptionId: options.subscription,
      limit: options.limit,
      asOf: options.asOf,
    }),
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

/** Charges what is due, or shows it. */
export async function run(options: Options): Promise<number> {
  const project = await openProject(commandEnvironment());
  const answer = await callBillingCharge(project, options);
  if (answer === null) return 1;
  const { charges, runId, ...counts } = answer;
  if (options.dryRun) {
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
