import assert from "node:assert/strict";
import {
  redactJson,
  redactText,
} from "../../../supabase/functions/_shared/security/redact.ts";
import { processorTime } from "../../support/processor-time.ts";
import { paymentJson } from "../support/payment-json.ts";

Deno.test("redactJson() leaves what operators search for", () => {
  const payment = paymentJson({
    lastTransactionKey: "9411111111111111",
    orderId: "4111111111111111",
    status: "PARTIAL_CANCELED",
    customerKey: "8f14e45f-ceea-467f-a0e6-1b2c3d4e5f60",
    cancels: [{ transactionKey: "A".repeat(32), cancelAmount: 5_000 }],
    secret: null,
  });
  assert.deepEqual(redactJson(payment), payment);
});

Deno.test("redactJson() hides the private fields of Toss's objects", () => {
  const clean = JSON.stringify(redactJson({
    secret: "ps_VLKjQwErTy123",
    card: { number: "43301234****123*", issuerCode: "11", cardType: "신용" },
    virtualAccount: {
      accountNumber: "X6505636518308",
      bankCode: "20",
      refundReceiveAccount: {
        bankCode: "88",
        accountNumber: "110123",
        holderName: "김토스",
      },
    },
    data: { billingKey: "Z_t5vOvQxrj4499PeiJcjen28-V2RyqgYTwN44Rdzk0=" },
    authKey: "bln_abc",
    customerIdentityNumber: "800101",
    cardPassword: "12",
    cardExpirationYear: 29,
    cardExpirationMonth: "07",
    customerMobilePhone: "01012345678",
    transfers: [{ bankName: "국민", bankAccountNumber: "1234****5678" }],
  }));
  for (
    const part of [
      "ps_",
      "4330",
      "X650",
      "110123",
      "김토스",
      "Z_t5",
      "bln_",
      "800101",
      '"12"',
      "29",
      "07",
      "0101",
      "1234*",
    ]
  ) {
    assert.equal(clean.includes(part), false, part);
  }
  for (const part of ["신용", '"issuerCode":"11"', '"bankCode":"20"', "국민"]) {
    assert.ok(clean.includes(part), part);
  }
});

Deno.test("redactJson() knows names in every spelling, environment variables too", () => {
  const clean = redactJson({
    billing_key: "a",
    "BILLING-KEY": "a",
    TOSS_SECRET_KEY: "a",
    SUPABASE_SECRET_KEYS: "a",
    BILLING_KEY_ENCRYPTION_KEYS: "a",
    CRON_SECRET: "a",
    Authorization: "a",
    apikey: "a",
    paymentKey: "a",
    idempotencyKey: "a",
    secretary: "a",
  });
  const kept = Object.entries(Object(clean)).filter(([, value]) =>
    value === "a"
  );
  assert.deepEqual(kept.map(([name]) => name), [
    "paymentKey",
    "idempotencyKey",
    "secretary",
  ]);
});

Deno.test("redactJson() compares names in their plain spelling", () => {
  const clean = redactJson({
    "ｂｉｌｌｉｎｇＫｅｙ": "a",
    "billing%4Bey": "a",
    "se\u00adcret": "a",
    "user[secret]": "a",
    phone: "a",
    "결제 secret": { deep: "a" },
    kept: "b",
  });
  assert.doesNotMatch(JSON.stringify(clean), /"a"/);
  assert.equal(Object(clean).kept, "b");
});

Deno.test("redactText() finds a literal in every percent-encoding of it", () => {
  const literal = "c/ron+Secret=42";
  for (
    const spelling of [
      "c%2fron%2bSecret%3d42",
      "%63%2Fron%2BSecret=42",
      "ｃ/ron+Secret=42",
    ]
  ) {
    const clean = redactText(`got ${spelling}.`, { literals: [literal] });
    assert.equal(clean, "got [redacted].");
  }
});

Deno.test("redactJson() takes a time that grows as its input does", () => {
  const least = (value: unknown) =>
    Math.min(...Array.from({ length: 5 }, () => {
      const startedAt = processorTime();
      redactJson(value);
      return processorTime() - startedAt;
    }));
  const chain = (depth: number) => {
    let value: unknown = {};
    for (let level = 1; level < depth; level++) value = { a: value };
    return value;
  };
  const shallow = Array.from({ length: 43_500 }, () => chain(2));
  const deep = Array.from({ length: 2_230 }, () => chain(39));
  // When each object copied the list of those around it, these 87,000 took four times as long as those.
  const ratio = least(deep) / least(shallow);
  assert.ok(ratio < 2, ratio.toFixed(1));
});

Deno.test("redactJson() shows that a secret was absent", () => {
  assert.deepEqual(redactJson({ secret: null, billingKey: "" }), {
    secret: null,
    billingKey: "",
  });
});

Deno.test("redactJson() survives cycles, depth, getters and values JSON lacks", () => {
  const cycle: Record<string, unknown> = { name: "순환" };
  cycle["self"] = cycle;
  assert.deepEqual(redactJson(cycle), { name: "순환", self: "[circular]" });
  let deep: unknown = "test_sk_abcdefgh";
  for (let level = 0; level < 10_000; level++) deep = { deep };
  assert.match(JSON.stringify(redactJson(deep)), /too deep/);
  let wide: unknown = "x";
  for (let level = 0; level < 30; level++) wide = [wide, wide];
  assert.match(JSON.stringify(redactJson(wide)), /too much/);
  const odd = redactJson({
    get broken() {
      throw new Error("no");
    },
    count: 1n,
    nothing: undefined,
    act: () => 1,
    ratio: NaN,
    at: new Date(0),
    never: new Date(NaN),
    bytes: new Uint8Array(3),
    map: new Map([["billingKey", "b"], ["orderId", "o"]]),
    set: new Set([1]),
  });
  assert.deepEqual(odd, {
    broken: "[unreadable]",
    count: "1",
    nothing: null,
    act: "[function]",
    ratio: "NaN",
    at: "1970-01-01T00:00:00.000Z",
    never: "[no date]",
    bytes: "[3 bytes]",
    map: { billingKey: "[redacted]", orderId: "o" },
    set: [1],
  });
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  assert.equal(redactJson(revoked.proxy), "[unreadable]");
});

Deno.test("redactJson() cleans errors with their cause and keeps __proto__ a field", () => {
  const error = new Error("sent test_sk_abcdefgh", {
    cause: new TypeError("Bearer abcdefghijklmnop"),
  });
  const text = JSON.stringify(redactJson({ error }));
  assert.match(text, /TypeError/);
  assert.doesNotMatch(text, /abcdefgh/);
  const odd = redactJson(JSON.parse('{"__proto__":{"secret":"s3"}}'));
  assert.equal(JSON.stringify(odd), '{"__proto__":{"secret":"[redacted]"}}');
});

const texts: [string, string][] = [
  ["key live_gsk_abc-DEF_1 used", "key [redacted] used"],
  ["Authorization: Basic dGVzdF9za19hYmM6", "Authorization: [redacted]"],
  ["authorization: Bearer short, next", "authorization: [redacted], next"],
  ["bearer abcdefghijklmnopqrst.", "bearer [redacted]"],
  [
    "the Basic plan and Basic subscription",
    "the Basic plan and Basic subscription",
  ],
  ["sb_secret_abc123 sb_publishable_abc", "[redacted] sb_publishable_abc"],
  ['{"secret":"ps_a","orderId":"o"}', '{"secret":"[redacted]","orderId":"o"}'],
  ['{"secret":"a\\"b","n":1}', '{"secret":"[redacted]","n":1}'],
  ['{"secret":null}', '{"secret":null}'],
  [
    '"{\\"billingKey\\":\\"abc=\\",\\"n\\":1}"',
    '"{\\"billingKey\\":\\"[redacted]\\",\\"n\\":1}"',
  ],
  ['cut {"authKey":"bln_abc', 'cut {"authKey":"[redacted]"'],
  ["?customerKey=c&authKey=a%20b&x=1", "?customerKey=c&authKey=[redacted]&x=1"],
  [
    '{"cardExpirationYear":29,"n":1}',
    '{"cardExpirationYear":"[redacted]","n":1}',
  ],
  ["paid with 4330-1234-5678-9018 today", "paid with [redacted] today"],
  ["카드 9410001234567890 결제", "카드 [redacted] 결제"],
  ["카드 94100012****789*", "카드 [redacted]"],
  ["orderId=4111111111111111 ok", "orderId=4111111111111111 ok"],
  ["at 20260102030405 for 15000", "at 20260102030405 for 15000"],
  // Cards are known by their checksum, whatever they begin with.
  ["paid 2223003122003222, UnionPay", "paid [redacted], UnionPay"],
  ["6228480012345678911 or 378282246310005", "[redacted] or [redacted]"],
  [
    "3782 822463 10005 and 0000 4330 1234 5678 9018",
    "[redacted] and 0000 [redacted]",
  ],
  ["invoice 4330123456789012 of 15000", "invoice 4330123456789012 of 15000"],
  ["card number: 4330123456789012", "card number: [redacted]"],
  ["1767322800000 and 20260102030409", "1767322800000 and 20260102030409"],
  ["0000000000000000", "0000000000000000"],
  // Phone numbers.
  ["call 010-1234-5678 or 01012345678", "call [redacted] or [redacted]"],
  ["+82 10-1234-5678, 02-123-4567", "[redacted], [redacted]"],
  ["tel +1 415 555 2671 today", "tel [redacted] today"],
  ["on 2026-01-02, 15,000원, 12345678", "on 2026-01-02, 15,000원, 12345678"],
  ["orderId=01012345678 ok", "orderId=01012345678 ok"],
  // Objects and lists after a sensitive name.
  [
    '{"refundReceiveAccount":{"bankCode":"88","deep":[{"a":"}"}]},"n":1}',
    '{"refundReceiveAccount":"[redacted]","n":1}',
  ],
  ['{"secret":["a","b\\"]"],"n":1}', '{"secret":"[redacted]","n":1}'],
  ['cut {"secret":{"a":"b', 'cut {"secret":"[redacted]"'],
  [
    JSON.stringify('{"secret":{"a":"x\\"}"},"n":1}'),
    JSON.stringify('{"secret":"[redacted]","n":1}'),
  ],
  ["secret: { a: 'it' }, n", "secret: [redacted], n"],
  ["fields[secret]=abc&x=1", "fields[secret]=[redacted]&x=1"],
  ["{ secret => abc }", "{ secret => [redacted] }"],
  // Compared in their plain spelling; what holds no secret comes back as it was.
  ["ｓｅｃｒｅｔ＝abc ok", "secret=[redacted] ok"],
  ["ｔｅｓｔ_ｓｋ_abcdefgh", "[redacted]"],
  ["test%5Fsk%5Fabcdefgh ok", "[redacted] ok"],
  ["?auth%4bey=abc&x=1", "?authKey=[redacted]&x=1"],
  ["authKey%3Dabc%26x%3D1", "authKey=[redacted]&x=1"],
  ["se\u200bcret=abc", "secret=[redacted]"],
  ["４３３０１２３４５６７８９０１８", "[redacted]"],
  ["100%25 of ①", "100%25 of ①"],
  ["steps_completed_1234 https_ps", "steps_completed_1234 https_ps"],
];
for (const [before, after] of texts) {
  Deno.test(`redactText() turns ${before} into ${after}`, () => {
    assert.equal(redactText(before), after);
  });
}

Deno.test("redactText() removes given literals in every spelling", () => {
  const literal = 'geheim/비밀 "x"';
  const text = `a ${literal} b ${encodeURIComponent(literal)} c ${
    JSON.stringify(literal)
  }`;
  assert.equal(
    redactText(text, { literals: [literal, "ab"] }),
    'a [redacted] b [redacted] c "[redacted]"',
  );
});

Deno.test("redactText() takes no more than a moment for hostile text", () => {
  const size = 256 * 1024;
  const units = [
    "eyJ",
    "eyJaaaaa.",
    "1",
    "1*",
    "secret",
    'secret"',
    'secret:"',
    'secret="\\',
    "\\",
    " ",
    "4111 ",
    "test_sk_",
    "Basic ",
    "billing_",
    "orderId",
    "orderId: ",
    "-",
    "1-",
  ];
  for (const unit of units) {
    const text = unit.repeat(Math.ceil(size / unit.length));
    const startedAt = performance.now();
    redactText(text);
    // A quadratic pattern needs minutes for this, a linear one milliseconds.
    assert.ok(performance.now() - startedAt < 3_000, JSON.stringify(unit));
  }
});
