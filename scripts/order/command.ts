import { defineCommand, later } from "../door/command.ts";
import { argument, flag, text, type Values } from "../door/options.ts";
import { WHICH_PROJECT } from "../project/notes.ts";

const OPTIONS = {
  id: argument(text(
    "<id>",
    "orderId, paymentKey, subscriptionId, reference, or the subject of an alert",
  )),
  json: flag("print the story as JSON, docs/story.schema.json"),
};

/** What order is given. */
export type Options = Values<typeof OPTIONS>;

function orderAs(call: string, summary: string) {
  return defineCommand({
    call,
    summary,
    about:
      "Everything that happened, what Toss says now, where the two differ, and the next step as a command. " +
      "A read: nothing is changed. Exit code 1 when nothing has this id.",
    examples: ["<orderId>", "<paymentKey>", "<subscriptionId> --json"],
    options: OPTIONS,
    notes: `Times of Seoul. ${WHICH_PROJECT}`,
    load: later<typeof import("./run.ts")>(import.meta.resolve("./run.ts")),
  });
}

export const order = orderAs(
  "toss order",
  "Tell one order's story, and the next step",
);

export const explain = orderAs("toss explain", "The same as order");
