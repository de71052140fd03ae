import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { z } from "zod";
import { StopError, UsageError } from "../door/errors.ts";
import { commandEnvironment } from "../project/command-environment.ts";
import { openProject } from "../project/open-project.ts";
import type { Options } from "./command.ts";

const PAGE_SIZE = 200;

/** So many are named in the terminal; `--json` names all. */
const MOST_SHOWN = 20;

const begunSchema = z.discriminatedUnion("outcome", [
  z.object({
    outcome: z.literal("begun"),
    repricingId: z.string().nullable(),
    planId: z.string(),
    planName: z.string(),
    priceBefore: z.number(),
    amount: z.number(),
    from: z.string(),
    consent: z.string(),
    withoutConsent: z.string(),
    subscriptions: z.number(),
  }),
  z.object({
    outcome: z.enum(["plan_not_found", "plan_not_billable", "from_is_past"]),
  }),
]);

type Begun = Extract<z.output<typeof begunSchema>, { outcome: "begun" }>;

const pageSchema = z.object({
  subscriptions: z.array(z.object({
    subscriptionId: z.string(),
    userId: z.string(),
    status: z.string(),
    amountBefore: z.number(),
    amountAfter: z.number(),
    effectiveAt: z.string(),
    askedFrom: z.string().nullable(),
  })),
  next: z.string().nullable(),
});

type Meant = z.output<typeof pageSchema>["subscriptions"][number];

const REFUSALS = {
  plan_not_found: "There is no such plan.",
  plan_not_billable: "This plan cannot be charged to a billing key.",
  from_is_past: "--from lies before today.",
};

async function call<Schema extends z.ZodType>(
  client: SupabaseClient,
  name: string,
  request: Record<string, unknown>,
  schema: Schema,
): Promise<z.output<Schema>> {
  const { data, error } = await client.rpc(name, { request });
  if (error !== null) {
    throw new StopError(`The database refused: ${error.message}`);
  }
  return schema.parse(data);
}

async function begin(
  client: SupabaseClient,
  request: Record<string, unknown>,
): Promise<Begun> {
  const answer = await call(client, "begin_repricing", request, begunSchema);
  if (answer.outcome !== "begun") throw new StopError(REFUSALS[answer.outcome]);
  return answer;
}

/** Everybody whom it means; with a repricingId it is planned for them. */
async function plan(
  client: SupabaseClient,
  { repricingId, planId, amount, from, subscriptions }: Begun,
): Promise<Meant[]> {
  const meant: Meant[] = [];
  let after: string | null = null;
  do {
    const request: Record<string, unknown> = {
      repricingId,
      planId,
      amount,
      from,
      after,
      limit: PAGE_SIZE,
    };
    const page: z.output<typeof pageSchema> = await call(
      client,
      "plan_repricing",
      request,
      pageSchema,
    );
    meant.push(...page.subscriptions);
    after = page.next;
    // Progress goes beside the result, which stays readable for programs.
    if (repricingId !== null && after !== null) {
      console.error(`${meant.length} of ${subscriptions} planned …`);
    }
  } while (after !== null);
  return meant;
}

const won = (amount: number) => `${amount.toLocaleString("en")} won`;
const seoulDay = (time: string) =>
  new Date(Date.parse(time) + 9 * 3_600_000).toISOString().slice(0, 10);

function describe(one: Meant): string {
  return [
    one.subscriptionId,
    `  ${won(one.amountBefore)} to ${won(one.amountAfter)} on ${
      seoulDay(one.effectiveAt)
    }${
      one.askedFrom === null ? "" : `, asked from ${seoulDay(one.askedFrom)}`
    }`,
  ].join("\n");
}

function show(begun: Begun, meant: Meant[]): void {
  for (const one of meant.slice(0, MOST_SHOWN)) console.log(describe(one));
  if (meant.length > MOST_SHOWN) {
    console.log(`and ${meant.length - MOST_SHOWN} more; --json names all`);
  }
  const asked = meant.filter(({ askedFrom }) => askedFrom !== null).length;
  console.log(
    `${begun.planName} (${begun.planId}): ${won(begun.priceBefore)} to ${
      won(begun.amount)
    } from ${
      seoulDay(begun.from)
    }, for new subscribers and for ${meant.length}\n` +
      `who subscribe; ${asked} have to consent, without it ${
        begun.withoutConsent === "keep_price"
          ? "the old price stays"
          : "the subscription ends"
      }.`,
  );
}

/** Shows it, and plans it unless it is a dry run or somebody at the terminal says no. */
export async function run(options: Options): Promise<number> {
  const { planId, amount, from, dryRun, yes, json } = options;
  if (planId === undefined || amount === undefined) {
    throw new UsageError("Name a plan, and --amount its new price");
  }
  const project = await openProject(commandEnvironment());
  const client = createClient(project.url, project.secretKey, {
    auth: { persistSession: false, autoRefreshToken: false },
  });
  const request = { planId, amount, from: from ?? null };
  const shown = await begin(client, { ...request, dryRun: true });
  const meant = await plan(client, shown);
  if (!json) show(shown, meant);
  if (
    !dryRun && !yes && !json && Deno.stdin.isTerminal() &&
    !confirm("Write it?")
  ) {
    return 1;
  }
  const begun = dryRun
    ? shown
    : await begin(client, { ...request, dryRun: false });
  const planned = dryRun ? meant : await plan(client, begun);
  if (json) {
    const { outcome: _, ...result } = begun;
    console.log(
      JSON.stringify(
        { ...result, dryRun, subscriptions: planned },
        null,
        2,
      ),
    );
  } else {
    console.log(
      dryRun
        ? "Nothing was written."
        : `Planned for ${planned.length}. How it goes on: select * from public.repricing_progress`,
    );
  }
  return 0;
}
