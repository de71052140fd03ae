import assert from "node:assert/strict";
import {
  type EventKind,
  EVENTS,
} from "../../../supabase/functions/_shared/webhooks/events.ts";
import { assertInvariantsHold } from "../../support/books.ts";
import { shopTests } from "../../support/shop-test.ts";
import { billingKeyScene } from "../../support/webhook-scenes/billing-key.ts";
import { cancelScene } from "../../support/webhook-scenes/cancel.ts";
import { depositScene } from "../../support/webhook-scenes/deposit.ts";
import { paymentScene } from "../../support/webhook-scenes/payment.ts";
import { recordScene } from "../../support/webhook-scenes/record.ts";
import {
  eventUnderTest,
  fixtureNames,
  type Scene,
} from "../../support/webhook-scenes/scene.ts";

// Toss answers about virtual accounts and foreign wallets here, which the simulator's own books do not know.
const test = shopTests({}, assertInvariantsHold);

const SCENES: Record<Exclude<EventKind, "none">, Scene> = {
  payment: paymentScene,
  deposit: depositScene,
  cancel: cancelScene,
  billing_key_deleted: billingKeyScene("deleted"),
  billing_key_issued: billingKeyScene("issued"),
  settlement: recordScene,
  record: recordScene,
};

const WAYS: Record<keyof Scene, string> = {
  first: "has its effect when it is delivered",
  duplicate: "has its effect once when it is delivered again",
  late: "changes nothing when things have moved on",
  forged: "changes nothing when somebody else sent it",
  outOfOrder: "leads to the same when it overtakes another",
};

for (const [name, { kind }] of Object.entries(EVENTS)) {
  if (kind === "none") continue;
  for (
    const way of ["first", "duplicate", "late", "forged", "outOfOrder"] as const
  ) {
    test(`${name} ${WAYS[way]}`, async (shop) => {
      await SCENES[kind][way](eventUnderTest(name, shop));
    });
  }
}

Deno.test("every event of the registry has its fixture, and every fixture its event", () => {
  assert.deepEqual(fixtureNames(), Object.keys(EVENTS).sort());
});
