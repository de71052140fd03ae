import assert from "node:assert/strict";
import fc from "fast-check";
import { widthOf, wrap } from "../../../scripts/order/width.ts";

Deno.test("widthOf() counts two columns for Hangul, ideographs and full-width signs", () => {
  assert.equal(widthOf("abc"), 3);
  assert.equal(widthOf("가상계좌"), 8);
  assert.equal(widthOf("한a글"), 5);
  assert.equal(widthOf("漢ー！"), 6);
  assert.equal(widthOf("e\u0301"), 1);
});

Deno.test("wrap() keeps every line within its columns, and every word", () => {
  const word = fc.oneof(
    fc.stringMatching(/^[a-z]{1,30}$/),
    fc.stringMatching(/^[가-힣]{1,60}$/),
  );
  fc.assert(fc.property(fc.array(word, { maxLength: 30 }), (words) => {
    const text = words.join(" ");
    const lines = wrap(text, 40, "  ").split("\n");
    assert.deepEqual(lines.filter((line) => widthOf(line) > 40), []);
    assert.equal(lines.join("").replaceAll(" ", ""), text.replaceAll(" ", ""));
  }));
});
