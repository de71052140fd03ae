import assert from "node:assert/strict";
import fc from "fast-check";
import {
  BILLING_STATE_PURPOSE,
  BILLING_STATE_SECONDS,
  readBillingState,
  writeBillingState,
} from "../../../supabase/functions/_shared/security/billing-state.ts";
import { createDerivedSigner } from "../../../supabase/functions/_shared/security/derived-signer.ts";

const KEY = btoa("0123456789abcdef0123456789abcdef");
const OTHER_KEY = btoa("fedcba9876543210fedcba9876543210");
const NOW = Date.parse("2026-11-22T10:00:00+09:00");

const signerOf = (
  keys: Record<string, string>,
  purpose = BILLING_STATE_PURPOSE,
) => createDerivedSigner(JSON.stringify(keys), purpose);

const signer = signerOf({ k1: KEY });

const STATE = {
  userId: "6f8cdbb1-51ba-4a4e-9f6c-0d7f8c3c2a11",
  customerKey: "0c9a5b7e-8f2f-4e0a-8b1c-7b6c1d2e3f40",
  planId: "pro",
};

Deno.test("a state says again who asked for what, until its time is over", async () => {
  const token = await writeBillingState(signer, STATE, NOW);

  const last = NOW + BILLING_STATE_SECONDS * 1000 - 1;
  for (const now of [NOW, last]) {
    const read = await readBillingState(signer, token, now);
    assert.deepEqual(read, { outcome: "valid", state: STATE });
  }
  const late = await readBillingState(signer, token, last + 1);
  assert.deepEqual(late, { outcome: "expired" });
});

Deno.test("a state without a plan says nothing about a plan", async () => {
  const { planId: _, ...plain } = STATE;
  const token = await writeBillingState(signer, plain, NOW);

  const read = await readBillingState(signer, token, NOW);

  assert.deepEqual(read, { outcome: "valid", state: plain });
});

Deno.test("a state can stand in an address as it is", async () => {
  const token = await writeBillingState(signer, STATE, NOW);

  assert.equal(encodeURIComponent(token), token);
});

Deno.test("no changed state is believed", async () => {
  const token = await writeBillingState(signer, STATE, NOW);
  const position = fc.integer({ min: 0, max: token.length - 1 });
  const letter = fc.constantFrom(..."ABCabc012_-.=");
  await fc.assert(
    fc.asyncProperty(position, letter, async (at, other) => {
      const changed = token.slice(0, at) + other + token.slice(at + 1);
      fc.pre(changed !== token);
      const { outcome } = await readBillingState(signer, changed, NOW);
      // The last character of base64 carries two bits that mean nothing.
      assert.ok(outcome === "forged" || at === token.length - 1, changed);
    }),
    { numRuns: 300 },
  );
});

for (
  const [what, token] of [
    ["an empty text", ""],
    ["a single part", "abc"],
    ["an unsigned payload", "eyJ1c2VySWQiOiJ4In0."],
    ["three parts", "a.b.c"],
    ["what is no base64", "ä.ö"],
  ] as const
) {
  Deno.test(`${what} is no state`, async () => {
    const read = await readBillingState(signer, token, NOW);
    assert.deepEqual(read, { outcome: "forged" });
  });
}

Deno.test("a state of another installation, or a signature for another purpose, is forged", async () => {
  const token = await writeBillingState(signer, STATE, NOW);
  const [payload = ""] = token.split(".");
  const otherPurpose = await signerOf({ k1: KEY }, "something else").sign(
    payload,
  );

  const stranger = signerOf({ k1: OTHER_KEY });
  assert.equal(
    (await readBillingState(stranger, token, NOW)).outcome,
    "forged",
  );
  const mixed = `${payload}.${otherPurpose}`;
  assert.equal((await readBillingState(signer, mixed, NOW)).outcome, "forged");
});

Deno.test("a well-signed payload of another shape is forged", async () => {
  const payload = btoa(JSON.stringify({ userId: "x" })).replace(/=+$/, "");
  const token = `${payload}.${await signer.sign(payload)}`;

  assert.equal((await readBillingState(signer, token, NOW)).outcome, "forged");
});

Deno.test("a retired key proves no state, and the new one does", async () => {
  const token = await writeBillingState(signer, STATE, NOW);
  const rotated = signerOf({ k2: OTHER_KEY, k1: KEY });

  assert.equal((await readBillingState(rotated, token, NOW)).outcome, "forged");
  const fresh = await writeBillingState(rotated, STATE, NOW);
  assert.equal((await readBillingState(rotated, fresh, NOW)).outcome, "valid");
  assert.equal((await readBillingState(signer, fresh, NOW)).outcome, "forged");
});
