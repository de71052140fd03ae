import { charge } from "./charge/command.ts";
import { check } from "./check/command.ts";
import { demo } from "./demo/command.ts";
import { deploy } from "./deploy/command.ts";
import { dev } from "./dev/command.ts";
import { docs } from "./docs/command.ts";
import { doctor } from "./doctor/command.ts";
import { defineGroup } from "./door/command.ts";
import { filesToOpen } from "./files-to-open/command.ts";
import { lock } from "./lock/command.ts";
import { notify } from "./notify/command.ts";
import { operator } from "./operator/command.ts";
import { explain, order } from "./order/command.ts";
import { prove } from "./prove/command.ts";
import { reconcile } from "./reconcile/command.ts";
import { reprice } from "./reprice/command.ts";
import { replay } from "./replay/command.ts";
import { rotateKeys } from "./rotate-keys/command.ts";
import { simulator } from "./simulator/command.ts";
import { status } from "./status/command.ts";
import { taxSheet } from "./tax-sheet/command.ts";
import { test } from "./test/command.ts";
import { uninstall } from "./uninstall/command.ts";

/** Every command by its place behind the door. */
export const toss = defineGroup({
  call: "toss",
  summary: "The commands of this project",
  parts: [
    ["A project, hosted or on this machine", [
      doctor,
      deploy,
      uninstall,
      order,
      explain,
      charge,
      replay,
      reconcile,
      reprice,
      operator,
      taxSheet,
      notify,
      rotateKeys,
    ]],
    ["On this machine", [demo, dev, status, simulator]],
    ["The project's own work", [check, test, prove, docs, lock, filesToOpen]],
  ],
  about:
    `Exit code: 0 = done, 1 = stopped, failed or refused, 2 = called wrongly.
Many are tasks of their own as well: npx -y deno task`,
});
