import assert from "node:assert/strict";
import { rotateKeys } from "../../../scripts/rotate-keys/rotate-keys.ts";
import type { Database } from "../../../supabase/functions/_shared/database/client.ts";
import type {
  RotatedKey,
  StoredKey,
} from "../../../scripts/rotate-keys/stored-keys.ts";
import { createKeyring } from "../../../supabase/functions/_shared/security/encryption.ts";

const OLD_KEY = btoa("0123456789abcdef0123456789abcdef");
const NEW_KEY = btoa("fedcba9876543210fedcba9876543210");
const before = createKeyring(JSON.stringify({ old: OLD_KEY }));
const during = createKeyring(JSON.stringify({ new: NEW_KEY, old: OLD_KEY }));
const after = createKeyring(JSON.stringify({ new: NEW_KEY }));

/** The two SQL functions over rows in memory. */
function storeOf(rows: Map<string, StoredKey>) {
  const calls: string[] = [];
  const database: Database = {
    call(name, request, schema) {
      calls.push(name);
      return Promise.resolve(schema.parse(
        name === "claim_keys_to_rotate"
          ? claim(request as { limit: number; skip: string[] })
          : store(request as { keys: RotatedKey[] }),
      ));
    },
  };
  const claim = ({ limit, skip }: { limit: number; skip: string[] }) => {
    const due = [...rows.values()]
      .filter(({ id, keyId }) => keyId !== "new" && !skip.includes(id));
    return { keys: due.slice(0, limit), remaining: due.length };
  };
  const store = ({ keys }: { keys: RotatedKey[] }) => {
    const fresh = keys.filter(({ id, fromCiphertext }) =>
      rows.get(id)?.ciphertext === fromCiphertext
    );
    for (const { id, keyId, ciphertext } of fresh) {
      const row = rows.get(id);
      if (row) rows.set(id, { ...row, keyId, ciphertext });
    }
    return { stored: fresh.length };
  };
  return { database, calls };
}

async function rowsUnder(count: number): Promise<Map<string, StoredKey>> {
  const rows = new Map<string, StoredKey>();
  for (let index = 0; index < count; index++) {
    const id = `row-${index}`;
    rows.set(id, {
      store: "billing_keys",
      id,
      associatedData: id,
      ...await before.encrypt(`secret of ${id}`, id),
    });
  }
  return rows;
}

Deno.test("rotateKeys() encrypts everything anew, so that the old key can go", async () => {
  const rows = await rowsUnder(25);
  const { database } = storeOf(rows);

  const result = await rotateKeys({ database, keyring: during, batchSize: 10 });

  assert.deepEqual(result, { rotated: 25, unreadable: [] });
  for (const [id, row] of rows) {
    assert.equal(await after.decrypt(row, id), `secret of ${id}`);
  }
});

Deno.test("rotateKeys() does nothing when nothing is left", async () => {
  const rows = await rowsUnder(3);
  const { database, calls } = storeOf(rows);
  await rotateKeys({ database, keyring: during, batchSize: 10 });
  calls.length = 0;

  const result = await rotateKeys({ database, keyring: during, batchSize: 10 });

  assert.deepEqual(result, { rotated: 0, unreadable: [] });
  assert.deepEqual(calls, ["claim_keys_to_rotate"]);
});

Deno.test("rotateKeys() names what it cannot open, leaves it and ends", async () => {
  const rows = await rowsUnder(12);
  const moved = rows.get("row-3");
  const foreign = rows.get("row-5");
  assert.ok(moved && foreign);
  rows.set("row-3", { ...moved, associatedData: "another-row" });
  rows.set("row-5", { ...foreign, keyId: "lost" });
  const { database } = storeOf(rows);

  const result = await rotateKeys({ database, keyring: during, batchSize: 4 });

  assert.equal(result.rotated, 10);
  const named = result.unreadable.map(({ id, keyId, reason }) =>
    [id, keyId, reason].join()
  );
  assert.deepEqual(named, [
    "row-3,old,not_authentic",
    "row-5,lost,unknown_key",
  ]);
  assert.equal(rows.get("row-3")?.ciphertext, moved.ciphertext);
});
