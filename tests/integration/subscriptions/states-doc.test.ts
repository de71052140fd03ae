import assert from "node:assert/strict";
import {
  readTransitions,
  statesTable,
} from "../../../scripts/subscription-states.ts";
import { shopTests } from "../../support/shop-test.ts";

const test = shopTests();

const HOW_TO_UPDATE =
  "put what this prints between <!-- states --> and <!-- /states -->: " +
  "npx -y deno run -A --no-check --lock=scripts/deno.lock --node-modules-dir=auto scripts/subscription-states.ts";

for (const page of ["subscriptions.md", "subscriptions.ko.md"]) {
  test(`docs/${page} shows the state machine as the database has it, and says what each event is`, async (shop) => {
    const known = await readTransitions(shop.stack.sql);
    const text = await Deno.readTextFile(
      new URL(`../../../docs/${page}`, import.meta.url),
    );

    const [, shown = "", meanings = ""] =
      text.match(/<!-- states -->\n([\s\S]*?)\n<!-- \/states -->([\s\S]*)/) ??
        [];

    assert.equal(shown, statesTable(known), HOW_TO_UPDATE);
    for (const { event } of known) {
      assert.match(
        meanings,
        new RegExp(`^\\| \`${event}\` \\| \\S.*\\|$`, "m"),
        `${page} does not say what ${event} is`,
      );
    }
  });
}
