import assert from "node:assert/strict";
import {
  createKeyring,
  DecryptionError,
} from "../../../supabase/functions/_shared/security/encryption.ts";

const base64 = (fill: number, length = 32) =>
  btoa(String.fromCharCode(...new Uint8Array(length).fill(fill)));
const ONE = JSON.stringify({ one: base64(1) });

Deno.test("encrypt() and decrypt() return the text, whatever its script", async () => {
  const keyring = createKeyring(ONE);
  for (const text of ["", "billing==", "빌링키 🔑", "a".repeat(5_000)]) {
    const encrypted = await keyring.encrypt(text, "billing_methods:1");
    assert.equal(encrypted.keyId, "one");
    assert.equal(await keyring.decrypt(encrypted, "billing_methods:1"), text);
  }
});

Deno.test("encrypt() and decrypt() return a text of 256 KiB, the largest body that is read", async () => {
  const keyring = createKeyring(ONE);
  const text = Array.from(
    { length: 16 * 1024 },
    (_, index) => index.toString(16).padStart(16, "0"),
  ).join("");
  assert.equal(text.length, 256 * 1024);

  const encrypted = await keyring.encrypt(text, "webhook_bodies:1");

  assert.equal(await keyring.decrypt(encrypted, "webhook_bodies:1"), text);
});

Deno.test("encrypt() never repeats itself and prepends a nonce of 12 bytes", async () => {
  const keyring = createKeyring(ONE);
  const first = await keyring.encrypt("same", "row");
  const second = await keyring.encrypt("same", "row");
  assert.notEqual(first.ciphertext, second.ciphertext);
  assert.equal(atob(first.ciphertext).length, 12 + "same".length + 16);
});

Deno.test("decrypt() fails for another row", async () => {
  const keyring = createKeyring(ONE);
  const encrypted = await keyring.encrypt("text", "billing_methods:1");
  await assert.rejects(
    keyring.decrypt(encrypted, "billing_methods:2"),
    (error) =>
      error instanceof DecryptionError && error.reason === "not_authentic",
  );
});

Deno.test("decrypt() fails with another key under the same id", async () => {
  const encrypted = await createKeyring(ONE).encrypt("text", "row");
  const other = createKeyring(JSON.stringify({ one: base64(2) }));
  await assert.rejects(other.decrypt(encrypted, "row"), DecryptionError);
});

Deno.test("decrypt() fails when one byte changed or the text is no ciphertext", async () => {
  const keyring = createKeyring(ONE);
  const { keyId, ciphertext } = await keyring.encrypt("text", "row");
  const bytes = Uint8Array.from(atob(ciphertext), (c) => c.charCodeAt(0));
  for (const index of [0, 12, bytes.length - 1]) {
    const changed = bytes.with(index, (bytes[index] ?? 0) ^ 1);
    const damaged = {
      keyId,
      ciphertext: btoa(String.fromCharCode(...changed)),
    };
    await assert.rejects(keyring.decrypt(damaged, "row"), DecryptionError);
  }
  for (const text of ["", "AAAA", "no base64!"]) {
    const damaged = { keyId, ciphertext: text };
    await assert.rejects(keyring.decrypt(damaged, "row"), DecryptionError);
  }
});

Deno.test("createKeyring() encrypts with the first key and opens older ones", async () => {
  const old = await createKeyring(ONE).encrypt("text", "row");
  const rotated = createKeyring(
    JSON.stringify({ two: base64(2), one: base64(1) }),
  );
  assert.equal(rotated.activeKeyId, "two");
  assert.equal((await rotated.encrypt("text", "row")).keyId, "two");
  assert.equal(await rotated.decrypt(old, "row"), "text");
  const without = createKeyring(JSON.stringify({ two: base64(2) }));
  await assert.rejects(
    without.decrypt(old, "row"),
    (error) =>
      error instanceof DecryptionError && error.reason === "unknown_key",
  );
});

Deno.test("createKeyring() takes the first key of the text, also for numeric ids", () => {
  const keyring = createKeyring(`{ "2": "${base64(2)}", "1": "${base64(1)}" }`);
  assert.equal(keyring.activeKeyId, "2");
});

const invalid: [string, string][] = [
  ["no JSON", "base64:only"],
  ["a list", JSON.stringify([base64(1)])],
  ["no key at all", "{}"],
  ["a short key", JSON.stringify({ one: base64(1, 16) })],
  ["a long key", JSON.stringify({ one: base64(1, 33) })],
  ["a key that is not base64", JSON.stringify({ one: "%%%" })],
  [
    "a second key that is too short",
    JSON.stringify({ one: base64(1), two: base64(1, 8) }),
  ],
];
for (const [what, text] of invalid) {
  Deno.test(`createKeyring() refuses ${what} and names the variable only`, () => {
    assert.throws(() => createKeyring(text), (error) => {
      assert.ok(error instanceof Error);
      assert.match(error.message, /^BILLING_KEY_ENCRYPTION_KEYS /);
      assert.equal(error.message.includes(base64(1).slice(0, 8)), false);
      return true;
    });
  });
}

Deno.test("digests() answers one digest a key, the active key's first, and needs the key", () => {
  const oldKey = btoa("o".repeat(32));
  const newKey = btoa("n".repeat(32));
  const before = createKeyring(JSON.stringify({ "a": oldKey }));
  const after = createKeyring(JSON.stringify({ "b": newKey, "a": oldKey }));

  const [stored = "", ...others] = before.digests("110413789012");

  assert.deepEqual(others, []);
  assert.match(stored, /^[0-9a-f]{64}$/);
  assert.deepEqual(before.digests("110413789012"), [stored]);
  assert.equal(after.digests("110413789012").length, 2);
  assert.equal(after.digests("110413789012")[1], stored);
  assert.notEqual(after.digests("110413789012")[0], stored);
  assert.notEqual(before.digests("110413789013")[0], stored);
});
