import { z } from "zod";
import type { Database } from "../../supabase/functions/_shared/database/client.ts";

const storedKey = z.object({
  /** Which table holds it. */
  store: z.string(),
  id: z.string(),
  keyId: z.string(),
  ciphertext: z.string(),
  associatedData: z.string(),
});

/** An encrypted value and what it is bound to. */
export type StoredKey = z.output<typeof storedKey>;

const due = z.object({
  keys: z.array(storedKey),
  remaining: z.number().int(),
});

/** Lists values that another key than the active one encrypts; changes nothing. */
export function claimKeysToRotate(
  database: Database,
  request: {
    activeKeyId: string;
    limit: number;
    /** Ids to leave out: those that could not be opened. */
    skip: readonly string[];
  },
): Promise<z.output<typeof due>> {
  return database.call("claim_keys_to_rotate", { ...request }, due);
}

/** A value under its new key, and what it replaces. */
export interface RotatedKey {
  store: string;
  id: string;
  fromKeyId: string;
  fromCiphertext: string;
  keyId: string;
  ciphertext: string;
}

const stored = z.object({ stored: z.number().int() });

/** Replaces each value that still is what it was; the others have been changed meanwhile and stay. */
export function storeRotatedKeys(
  database: Database,
  keys: readonly RotatedKey[],
): Promise<z.output<typeof stored>> {
  return database.call("store_rotated_keys", { keys }, stored);
}
