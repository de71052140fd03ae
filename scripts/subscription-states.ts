import process from "node:process";
import type { Sql } from "postgres";
import { startStack } from "../stack/stack.ts";

const HELP =
  `Prints the table of a subscription's states and events, as it stands in
docs/subscriptions.md and docs/subscriptions.ko.md, from a database of its own
with all migrations.`;

/** What a subscription can be; none: it does not exist yet. */
export const SUBSCRIPTION_STATES = [
  "none",
  "trialing",
  "active",
  "past_due",
  "canceled",
] as const;

/** One row of `toss_private.subscription_transitions`. */
export interface Transition {
  status: string;
  event: string;
  next_status: string;
}

/** Reads the state machine; needs a role that may read schema `toss_private`. */
export async function readTransitions(sql: Sql): Promise<Transition[]> {
  return [
    ...await sql<Transition[]>`
      select status, event, next_status from toss_private.subscription_transitions`,
  ];
}

/** The Markdown table: an event a line, a state a column, the next state in the cell. */
export function statesTable(transitions: readonly Transition[]): string {
  const events = [...new Set(transitions.map(({ event }) => event))].sort();
  const rows = events.map((event) => [
    `\`${event}\``,
    ...SUBSCRIPTION_STATES.map((status) =>
      transitions.find((one) => one.status === status && one.event === event)
        ?.next_status ?? ""
    ),
  ]);
  return [
    ["", ...SUBSCRIPTION_STATES],
    ["---", ...SUBSCRIPTION_STATES.map(() => "---")],
    ...rows,
  ].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

async function main(): Promise<number> {
  if (Deno.args.includes("--help")) {
    console.log(HELP);
    return 0;
  }
  const stack = await startStack({ seed: false });
  try {
    console.log(statesTable(await readTransitions(stack.sql)));
  } finally {
    await stack.stop();
  }
  return 0;
}

if (import.meta.main) process.exit(await main());
