import assert from "node:assert/strict";
import {
  readTransitions,
  statesTable,
} from "../support/subscription-states.ts";
import { shopTests } from "../support/shop-test.ts";

const test = shopTests();

for (const page of ["subscriptions.md", "subscriptions.ko.md"]) {
  test(`docs/${page} shows the state machine as the database has it, and says what each event is`, async (shop) => {
    const known = await readTransitions(shop.stack.sql);
    const text = await Deno.readTextFile(
      new URL(`../../docs/${page}`, import.meta.url),
    );

    const [, shown = "", meanings = ""] =
      text.match(/<!-- states -->\n([\s\S]*?)\n<!-- \/states -->([\s\S]*)/) ??
        [];

    const states = statesTable(known);
    assert.equal(shown, states, `between the marks belongs:\n${states}`);
    for (const { event } of known) {
      assert.match(
        meanings,
        new RegExp(`^\\| \`${event}\` \\| \\S.*\\|$`, "m"),
        `${page} does not say what ${event} is`,
      );
    }
  });
}
