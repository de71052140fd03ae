import { defineCommand, later } from "../door/command.ts";
import { flag, text, type Values, withDefault } from "../door/options.ts";

const OPTIONS = {
  root: withDefault(text("<path>", "another checkout than this one"), "."),
  list: flag("print the files as well"),
};

/** What files-to-open is given. */
export type Options = Values<typeof OPTIONS>;

export const filesToOpen = defineCommand({
  call: "toss files-to-open",
  summary: "Count the files behind one confirm, one webhook and one charge",
  about:
    "TypeScript of ours, packages not counted; and the arrows between the parts of _shared.",
  options: OPTIONS,
  load: later<typeof import("./run.ts")>(import.meta.resolve("./run.ts")),
});
