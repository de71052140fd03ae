import assert from "node:assert/strict";
import fc from "fast-check";
import { createLogger } from "../../../supabase/functions/_shared/logger.ts";
import {
  redactJson,
  redactText,
} from "../../../supabase/functions/_shared/security/redact.ts";

const ALPHABET =
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const word = (minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...ALPHABET), minLength, maxLength });
const digits = (length: number) =>
  fc.string({
    unit: fc.constantFrom(..."0123456789"),
    minLength: length,
    maxLength: length,
  });

const tossKey = fc.tuple(
  fc.constantFrom("test_sk_", "live_sk_", "test_gsk_", "live_gsk_"),
  word(16, 40),
).map((parts) => parts.join(""));

/** Digits with the one at the end that makes them pass the checksum of cards. */
const withChecksum = (body: string): string => {
  const sum = [...body].reverse().reduce((total, digit, index) => {
    const value = Number(digit) * (index % 2 === 0 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return `${body}${(10 - sum % 10) % 10}`;
};

// A number of fourteen digits that begins with 19 or 20 may be a time.
const cardNumber = fc.tuple(fc.constantFrom(..."123456789"), digits(14))
  .map(([first, rest]) => withChecksum(first + rest));

/** A secret, and the part of it that must not be seen afterwards. */
const secretByShape = fc.oneof(
  tossKey.map((key) => ({ text: key, hidden: key.slice(-12) })),
  tossKey.map((key) => ({
    text: `Basic ${btoa(`${key}:`)}`,
    hidden: btoa(`${key}:`).slice(-12),
  })),
  word(16, 60).map((token) => ({ text: `Bearer ${token}`, hidden: token })),
  word(16, 40).map((rest) => ({ text: `sb_secret_${rest}`, hidden: rest })),
  fc.tuple(word(20, 40), word(20, 60), word(20, 43)).map(([a, b, c]) => ({
    text: `eyJ${a}.${b}.${c}`,
    hidden: c,
  })),
  word(16, 30).map((rest) => ({ text: `ps_${rest}`, hidden: rest })),
  cardNumber.map((number) => ({ text: number, hidden: number.slice(1) })),
  fc.tuple(cardNumber, fc.constantFrom("-", " ")).map(([number, gap]) => {
    const groups = number.match(/.{4}/g) ?? [];
    return { text: groups.join(gap), hidden: groups.slice(1).join(gap) };
  }),
  fc.tuple(fc.constantFrom("010", "011", "+82 10"), digits(4), digits(4)).map(
    ([start, middle, end]) => ({
      text: `${start}-${middle}-${end}`,
      hidden: `${middle}-${end}`,
    }),
  ),
  digits(8).map((rest) => ({ text: `${rest}****123*`, hidden: rest })),
);

const secretByName = fc.tuple(
  fc.constantFrom(
    "billingKey",
    "authKey",
    "accountNumber",
    "secret",
    "cardNumber",
    "customerIdentityNumber",
    "cardPassword",
    "customerMobilePhone",
    "billing_key",
    "TOSS_SECRET_KEY",
  ),
  word(16, 40),
).map(([name, hidden]) => ({ name, hidden }));

const separator = fc.constantFrom(
  " ",
  "\n",
  ",",
  ";",
  "(",
  "[",
  "/",
  "한",
  "🔑",
  "\u0000",
  '"',
);
const fieldName = fc.oneof(
  word(1, 8),
  fc.constantFrom("message", "data", "number", "한글", "__proto__", "toString"),
);

/** Puts a value somewhere into a nested structure. */
function placed(value: unknown, path: readonly (string | number)[]): unknown {
  return path.reduceRight<unknown>(
    (inner, step) =>
      typeof step === "number"
        ? [...Array(step).fill("x"), inner]
        : Object.fromEntries([["before", 1], [step, inner]]),
    value,
  );
}
const path = fc.array(fc.oneof(fieldName, fc.nat(3)), { maxLength: 6 });

Deno.test("redactJson() lets no secret shape survive anywhere", () => {
  fc.assert(
    fc.property(
      secretByShape,
      path,
      fc.string(),
      separator,
      fc.string(),
      fc.boolean(),
      ({ text, hidden }, steps, before, gap, after, asKey) => {
        const whole = `${before}${gap}${text}${gap}${after}`;
        const value = placed(
          asKey ? Object.fromEntries([[whole, 1]]) : whole,
          steps,
        );
        assert.equal(JSON.stringify(redactJson(value)).includes(hidden), false);
      },
    ),
    { numRuns: 1_000 },
  );
});

Deno.test("redactJson() lets no value of a private field survive anywhere", () => {
  fc.assert(
    fc.property(secretByName, path, path, ({ name, hidden }, steps, inner) => {
      const value = placed(
        Object.fromEntries([[name, placed(hidden, inner)]]),
        steps,
      );
      assert.equal(JSON.stringify(redactJson(value)).includes(hidden), false);
    }),
  );
});

Deno.test("redactText() finds private fields in JSON, in JSON within JSON, in queries", () => {
  fc.assert(fc.property(
    secretByName,
    path,
    fc.nat(3),
    fc.string(),
    ({ name, hidden }, steps, nesting, around) => {
      let text = JSON.stringify(
        placed(Object.fromEntries([[name, hidden]]), steps),
      );
      for (let level = 0; level < nesting; level++) {
        text = JSON.stringify({ text });
      }
      assert.equal(
        redactText(`${around} ${text} ${around}`).includes(hidden),
        false,
      );
      const query = `?a=1&${name}=${hidden}&b=2`;
      assert.equal(redactText(`${around}${query}`).includes(hidden), false);
    },
  ));
});

Deno.test("redactJson() removes literals and repeats itself without change", () => {
  const literal = fc.string({ minLength: 12, maxLength: 40, unit: "grapheme" });
  fc.assert(fc.property(literal, path, (secret, steps) => {
    const once = redactJson(placed(`x ${secret} y`, steps), [secret]);
    assert.equal(
      JSON.stringify(once).includes(JSON.stringify(secret).slice(1, -1)),
      false,
    );
    assert.deepEqual(redactJson(once, [secret]), once);
  }));
});

Deno.test("redactJson() never throws and leaves harmless JSON alone", () => {
  fc.assert(
    fc.property(
      fc.anything({
        withBigInt: true,
        withDate: true,
        withMap: true,
        withSet: true,
        withNullPrototype: true,
        withTypedArray: true,
      }),
      (value) => {
        JSON.stringify(redactJson(value));
      },
    ),
  );
  const harmless = fc.letrec((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      word(0, 12),
      fc.array(tie("node"), { maxLength: 4 }),
      fc.dictionary(
        fc.constantFrom("status", "paymentKey", "amount", "orderId", "이름"),
        tie("node"),
      ),
    ),
  })).node;
  fc.assert(fc.property(harmless, (value) => {
    assert.equal(JSON.stringify(redactJson(value)), JSON.stringify(value));
  }));
});

Deno.test("createLogger() writes one line of JSON within the limit, whatever it is given", () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.dictionary(fc.string(), fc.anything()),
      fc.nat(30_000),
      (event, fields, size) => {
        const lines: string[] = [];
        const logger = createLogger({ sink: (line) => lines.push(line) });
        logger.info(event, { ...fields, filler: '"\u0001'.repeat(size) });
        assert.equal(lines.length, 1);
        assert.ok((lines[0]?.length ?? 0) <= 10_000);
        assert.equal(JSON.parse(lines[0] ?? "").level, "info");
      },
    ),
    { numRuns: 60 },
  );
});
