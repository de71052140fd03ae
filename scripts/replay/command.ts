import { defineCommand, later } from "../door/command.ts";
import {
  flag,
  oneOf,
  rowId,
  text,
  time,
  type Values,
} from "../door/options.ts";
import { WHICH_PROJECT } from "../project/notes.ts";

const STATUSES = [
  "received",
  "processed",
  "ignored",
  "failed",
  "dead",
] as const;

const OPTIONS = {
  event: rowId("this event", "the id of a row of webhook_events"),
  order: text("<orderId>", "events about this order"),
  payment: text("<paymentKey>", "events about this payment"),
  status: oneOf("<status>", STATUSES, STATUSES.join(", ")),
  hook: text("<orderId>", "the order hook's calls that this order is owed"),
  look: text(
    "<id>",
    "have Toss asked now about everything around an order or subscription",
  ),
  endpoint: rowId(
    "outgoing: what this endpoint has missed",
    "the id of a row of webhook_endpoints",
  ),
  outboxEvent: rowId(
    "outgoing: this event",
    "the id of a row of outbox_events",
  ),
  type: text("<type>", "outgoing: events of this type"),
  delivered: flag("outgoing: also what was delivered"),
  from: time("received, or outgoing: written, since"),
  to: time("received, or outgoing: written, before"),
};

/** What replay is given. */
export type Options = Values<typeof OPTIONS>;

export const replay = defineCommand({
  call: "toss replay",
  summary: "Process webhooks, the order hook or outgoing events again",
  about:
    "Safe at any time: Toss is asked what is true, and outgoing events keep their ids.",
  examples: [
    "--event <id>",
    "--order <orderId>",
    "--payment <paymentKey>",
    "--status dead",
    "--look <orderId>",
    "--hook <orderId>",
    "--endpoint <id> --from 2026-11-21T00:00:00+09:00",
    "--from 2026-11-21T00:00:00+09:00 --to 2026-11-22T00:00:00+09:00",
  ],
  options: OPTIONS,
  notes: `Several conditions must all hold. ${WHICH_PROJECT}`,
  load: later<typeof import("./run.ts")>(import.meta.resolve("./run.ts")),
});
