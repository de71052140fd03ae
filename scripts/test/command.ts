import { defineCommand, later } from "../door/command.ts";
import {
  argument,
  oneOf,
  text,
  type Values,
  withDefault,
} from "../door/options.ts";
import { SUITES } from "./suites.ts";

const NAMES = Object.keys(SUITES) as (keyof typeof SUITES)[];

const OPTIONS = {
  suite: argument(
    withDefault(oneOf("<suite>", NAMES, NAMES.join(", ")), "all"),
  ),
  filter: text("<text>", "only tests whose name holds it"),
};

/** What test is given. */
export type Options = Values<typeof OPTIONS>;

export const test = defineCommand({
  call: "test",
  summary: "Run the tests",
  examples: ["", "stack", "deploy --filter uninstall"],
  options: OPTIONS,
  environment: {
    FUNCTIONS_DENO: "the functions run on this version, for example 2.1.4",
    PROPERTY_SCALE:
      "4 tries four times as many cases of each property, and storms of four times the size",
  },
  notes:
    `all is what the functions, the database and the simulator do, and needs neither root nor Docker. hosted is a part of it to be run on the version of the hosted runtime (FUNCTIONS_DENO); proofs are kills in the middle, whole lives of subscribers and measured bounds; stack is the local stack and its commands; debian Debian's Postgres 15, pg_cron, pgTAP and the Supabase CLI (root); deploy the real Supabase CLI against a stand-in (npm); browser the real SDK and the payment window in Chromium.
Ends at the first group that fails, with its exit code. One file alone:
npx -y deno test -A --no-check --lock=scripts/deno.lock --node-modules-dir=auto tests/e2e/confirm/confirm.test.ts`,
  load: later<typeof import("./run.ts")>(import.meta.resolve("./run.ts")),
});
