import { defineCommand, later } from "../door/command.ts";
import { argument, text, type Values } from "../door/options.ts";
import { WHICH_PROJECT } from "../project/notes.ts";

const OPTIONS = {
  id: argument(
    text("<userId | orderId>", "a user, or the order of a guest"),
  ),
};

/** What export is given. */
export type Options = Values<typeof OPTIONS>;

export const exportPerson = defineCommand({
  call: "toss export",
  summary: "Write everything that is known of a person as JSON",
  about:
    "Every row about them by table, without secrets, to standard output. The account in auth.users is not in it.",
  examples: ["<userId>", "<userId> > person.json", "<orderId>"],
  options: OPTIONS,
  notes:
    `Exit code: 0 = written, 1 = nobody is known by the id. ${WHICH_PROJECT} More: docs/privacy.md`,
  load: later<typeof import("./run.ts")>(import.meta.resolve("./run.ts")),
});
