import { defineCommand, later } from "../door/command.ts";
import { argument, flag, text, type Values } from "../door/options.ts";
import { WHICH_PROJECT } from "../project/notes.ts";

const OPTIONS = {
  id: argument(
    text("<userId | orderId>", "a user, or the order of a guest"),
  ),
  yes: flag("erase; without it only what would go is listed"),
};

/** What erase is given. */
export type Options = Values<typeof OPTIONS>;

export const erase = defineCommand({
  call: "toss erase",
  summary: "Erase what names a person, and keep the rows of money",
  about:
    "Names, addresses, numbers, free texts and bodies of webhooks go, for good; amounts, times and ids stay. Refused while a subscription lives or money is open. The account in auth.users is yours to delete.",
  examples: ["<userId>", "<userId> --yes", "<orderId> --yes"],
  options: OPTIONS,
  notes:
    `Exit code: 0 = listed or erased, 1 = refused, with the reasons, or nobody is known by the id. Again it is quiet. ${WHICH_PROJECT} More: docs/privacy.md`,
  load: later<typeof import("./run.ts")>(import.meta.resolve("./run.ts")),
});
