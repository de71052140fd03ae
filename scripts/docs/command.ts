import { defineCommand, later } from "../door/command.ts";
import { flag, type Values } from "../door/options.ts";

const OPTIONS = {
  check: flag("write nothing; exit with 1 and name the files that differ"),
};

/** What docs is given. */
export type Options = Values<typeof OPTIONS>;

export const docs = defineCommand({
  call: "docs",
  summary: "Rewrite the documents that come from the code",
  about:
    "They are .env.example, docs/openapi.json, the fields and the errors in both languages, the list of decisions, and in other pages the tables and diagrams between <!-- generated: … --> and <!-- /generated -->; and the baseline migration from the chapters in supabase/schemas.",
  examples: ["", "--check"],
  options: OPTIONS,
  load: later<typeof import("./run.ts")>(import.meta.resolve("./run.ts")),
});
