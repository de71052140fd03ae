import assert from "node:assert/strict";
import fc from "fast-check";
import { cutText } from "../../supabase/functions/_shared/toss/storable-text.ts";
import { type Stack, startStack } from "../../stack/stack.ts";

let stack: Stack | undefined;
Deno.test.beforeAll(async () => {
  stack = await startStack();
});
Deno.test.afterAll(async () => {
  await stack?.stop();
});

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

async function callInSql(name: string, room: number): Promise<string> {
  assert.ok(stack, "the stack did not start");
  const [row] = await stack.sql<{ cut: string }[]>`
    select toss_private.cut_text(${name}, ${room}) as cut`;
  assert.ok(row);
  return row.cut;
}

Deno.test("a name is cut to the units that Toss counts, between characters, in SQL and TypeScript alike", async () => {
  await fc.assert(
    fc.asyncProperty(
      names,
      fc.integer({ min: 20, max: 110 }),
      async (name, room) => {
        const whole = longestWhole(name, room);
        assert.equal(await callInSql(name, room), whole);
        assert.equal(cutText(name, room), whole);
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("a character that alone is too long is cut between its parts, never inside one", async () => {
  const family = "👨‍👩‍👧‍👦";
  for (let room = 2; room < family.length; room++) {
    for (const cut of [cutText(family, room), await callInSql(family, room)]) {
      assert.ok(cut.length > 0 && cut.length <= room, `${room}`);
      assert.ok(cut.isWellFormed() && family.startsWith(cut));
    }
  }
});
