import { defineGroup } from "../door/command.ts";
import { bench } from "./bench/command.ts";
import { billing } from "./billing/command.ts";
import { chaos } from "./chaos/command.ts";
import { subscriptions } from "./subscriptions/command.ts";

export const prove = defineGroup({
  call: "prove",
  summary: "Prove on this machine what the documents promise",
  parts: [["Proofs", [chaos, billing, subscriptions, bench]]],
  about:
    "Each starts stacks of its own and exits with 1 when a promise does not hold.",
});
