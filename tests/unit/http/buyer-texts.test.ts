import assert from "node:assert/strict";
import { ERROR_CODES } from "../../../supabase/functions/_shared/http/error-codes.ts";

// 해요체, as in the catalogue of Toss's refusals, which error-catalogue.test.ts reads.
const TONE = /(요|죠)\.$/;

for (const [code, { ko, en }] of Object.entries(ERROR_CODES)) {
  Deno.test(`the texts of ${code} speak to a buyer in one tone`, () => {
    for (const sentence of ko.split(/(?<=\.) /)) assert.match(sentence, TONE);
    // 이용권 is what a plan's payment gives; the plan is 요금제.
    assert.doesNotMatch(ko, /플랜|이용권/);
    assert.match(en, /^[A-Z][\x20-\x7e]+\.$/);
  });
}

Deno.test("no other text of the functions speaks to a buyer in another tone", async () => {
  const folders = ["supabase/functions"];
  const found: string[] = [];
  for (let folder = folders.pop(); folder; folder = folders.pop()) {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      const path = `${folder}/${name}`;
      if (isDirectory) folders.push(path);
      // What stands at the webhook's address is for the shop, not for a buyer.
      else if (
        path !== "supabase/functions/webhook/handler.ts" && name.endsWith(".ts")
      ) {
        const text = await Deno.readTextFile(path);
        const other = /[가-힣](니다|십시오)/.exec(text)?.[0];
        if (other !== undefined) found.push(`${path}: ${other}`);
      }
    }
  }
  assert.deepEqual(found, []);
});
