import { defineCommand, later } from "../door/command.ts";
import { type Values, wholeNumber, withDefault } from "../door/options.ts";
import { WHICH_PROJECT } from "../project/notes.ts";

const OPTIONS = {
  port: withDefault(
    wholeNumber("where the page is; 0 takes a free one", {
      from: 0,
      to: 65535,
    }),
    54391,
  ),
};

/** What operator is given. */
export type Options = Values<typeof OPTIONS>;

export const operator = defineCommand({
  call: "toss operator",
  summary: "Serve the operator page on this machine, until Ctrl-C",
  about:
    "The page asks for the secret key and keeps it in the browser's memory. Requests go through here, because Supabase takes no secret key from a browser.",
  examples: ["", "--port 8080"],
  options: OPTIONS,
  notes: `SUPABASE_SECRET_KEY is not needed. ${WHICH_PROJECT}`,
  load: later<typeof import("./run.ts")>(import.meta.resolve("./run.ts")),
});
