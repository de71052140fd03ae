import assert from "node:assert/strict";
import { NOTICE_EXAMPLES } from "../../../supabase/functions/_shared/notices/examples.ts";
import {
  type Language,
  NOTICES,
} from "../../../supabase/functions/_shared/notices/notice.ts";
import { renderEmail } from "../../../supabase/functions/_shared/notices/render/email.ts";
import {
  renderMessage,
  templateText,
  templateVariables,
} from "../../../supabase/functions/_shared/notices/render/message.ts";
import {
  bankName,
  seoulTime,
  won,
} from "../../../supabase/functions/_shared/notices/words.ts";
import { writeNotice } from "../../../supabase/functions/_shared/notices/write-notice.ts";

const shop = { name: "머그 상점", url: "https://shop.example" };

function example(
  notice: (typeof NOTICES)[number],
  language: Language,
  facts = {},
) {
  return writeNotice({
    notice,
    language,
    facts: { ...NOTICE_EXAMPLES[notice], ...facts },
    shop,
  });
}

/** Encoded as carriers count: two bytes for whatever is not ASCII. */
const bytesOf = (text: string) =>
  [...text].reduce((sum, letter) => sum + (letter < "\x80" ? 1 : 2), 0);

for (const notice of NOTICES) {
  Deno.test(`${notice} speaks to a buyer in one tone, in both languages`, () => {
    const ko = example(notice, "ko");
    for (const text of [ko.lead, ...ko.closing]) {
      for (const sentence of text.split(/(?<=\.) /)) {
        assert.match(sentence, /(요|죠)\.$/);
      }
    }
    assert.match(ko.subject, /요$/);
    assert.doesNotMatch(JSON.stringify(ko), /플랜|이용권/);
    const en = example(notice, "en");
    for (const text of [en.lead, ...en.closing]) {
      assert.match(text, /^[A-Z][\x20-\x7e]+\.$/);
    }
    assert.equal(en.rows.length, ko.rows.length);
    assert.equal(en.closing.length, ko.closing.length);
  });

  Deno.test(`${notice} fills every place of the template that is registered for it, whatever is unknown`, () => {
    const places = templateText(example(notice, "ko")).match(/#\{[^}]+\}/g) ??
      [];
    for (const facts of [NOTICE_EXAMPLES[notice], {}]) {
      const text = writeNotice({ notice, language: "ko", facts, shop });
      const variables = templateVariables(text, shop);
      for (const place of places) assert.ok(variables[place], place);
      assert.deepEqual(Object.keys(variables).sort(), [...places].sort());
    }
  });

  Deno.test(`${notice} fits a text message and never says null`, () => {
    for (const language of ["ko", "en"] as const) {
      const long = { orderName: "🎁".repeat(50), planName: "가".repeat(100) };
      const text = example(notice, language, long);
      const message = renderMessage(text, shop);
      assert.ok(bytesOf(message.text) <= 2000);
      assert.ok(bytesOf(message.subject ?? "") <= 40);
      assert.doesNotMatch(message.text, /🎁|null|undefined/);
      const email = renderEmail(text, { language, shop });
      assert.doesNotMatch(email.text + email.html, /null|undefined|NaN/);
    }
  });
}

Deno.test("an e-mail says the same as text and as HTML, and what comes from a shop stays text", () => {
  const text = example("receipt", "ko", {
    orderName: `<script>alert("x")</script> & 'mug'`,
  });
  const email = renderEmail(text, { language: "ko", shop });
  assert.equal(email.subject, "[머그 상점] 결제가 완료되었어요");
  assert.match(email.text, /결제 금액: 24,000원/);
  assert.match(email.html, /<th scope="row">결제 금액<\/th><td>24,000원<\/td>/);
  assert.doesNotMatch(email.html, /<script/);
  assert.match(email.html, /&lt;script&gt;/);
  assert.match(email.html, /prefers-color-scheme: dark/);
  // Nothing is loaded that could tell on the reader.
  assert.doesNotMatch(email.html, /<img|<link|url\(|@import/);
});

Deno.test("a decline is explained in the buyer's words, a mistake of the shop's is not", () => {
  const reasonOf = (failureCode: string) =>
    example("card_needed", "ko", { failureCode }).rows
      .find(({ label }) => label === "사유")?.value;
  assert.match(reasonOf("INVALID_CARD_LOST_OR_STOLEN") ?? "", /요\.$/);
  assert.equal(reasonOf("UNAUTHORIZED_KEY"), null);
});

Deno.test("amounts, times and banks are written as their readers do", () => {
  assert.equal(won(0, "ko"), "0원");
  assert.equal(won(1234567, "ko"), "1,234,567원");
  assert.equal(won(1234567, "en"), "KRW 1,234,567");
  assert.equal(
    seoulTime("2026-12-31T15:00:00Z", "ko"),
    "2027년 1월 1일 00:00",
  );
  assert.equal(
    seoulTime("2026-12-31T15:00:00+00:00", "en"),
    "1 January 2027, 00:00 (Seoul)",
  );
  assert.equal(bankName("20", "ko"), "우리");
  assert.equal(bankName("20", "en"), "Woori");
  assert.equal(bankName("ZZ", "ko"), "ZZ");
});
