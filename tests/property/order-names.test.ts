import assert from "node:assert/strict";
import fc from "fast-check";
import { cutText } from "../../supabase/functions/_shared/toss/storable-text.ts";
import type { Shop } from "../support/shop.ts";
import { shopTests } from "../support/shop-test.ts";

const test = shopTests();

/** Characters of one and more parts: surrogate pairs, joined families, flags, skin tones, marks, syllables in jamo. */
const CHARACTERS = [
  "a",
  "가",
  "𝒜",
  "🍊",
  "👨‍👩‍👧‍👦",
  "👍🏽",
  "🇰🇷",
  "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
  "❤️",
  "1️⃣",
  "é",
  "한",
  "葛󠄀",
];

const names = fc.array(fc.constantFrom(...CHARACTERS), {
  minLength: 1,
  maxLength: 120,
}).map((characters) => characters.join(""));

const segmenter = new Intl.Segmenter("ko", { granularity: "grapheme" });

/** As many whole characters as fit, found without the code under test. */
function longestWhole(name: string, room: number): string {
  let kept = "";
  for (const { segment } of segmenter.segment(name)) {
    if (kept.length + segment.length > room) break;
    kept += segment;
  }
  return kept;
}

async function callInSql(
  { stack }: Shop,
  name: string,
  room: number,
): Promise<string> {
  const [row] = await stack.sql<{ cut: string }[]>`
    select toss_private.cut_text(${name}, ${room}) as cut`;
  assert.ok(row);
  return row.cut;
}

test("a name is cut to the units that Toss counts, between characters, in SQL and TypeScript alike", async (shop) => {
  await fc.assert(
    fc.asyncProperty(
      names,
      fc.integer({ min: 20, max: 110 }),
      async (name, room) => {
        const whole = longestWhole(name, room);
        assert.equal(await callInSql(shop, name, room), whole);
        assert.equal(cutText(name, room), whole);
      },
    ),
    { numRuns: 300 },
  );
});

test("a character that alone is too long is cut between its parts, never inside one", async (shop) => {
  const family = "👨‍👩‍👧‍👦";
  for (let room = 2; room < family.length; room++) {
    for (
      const cut of [cutText(family, room), await callInSql(shop, family, room)]
    ) {
      assert.ok(cut.length > 0 && cut.length <= room, `${room}`);
      assert.ok(cut.isWellFormed() && family.startsWith(cut));
    }
  }
});
