import { z } from "zod";
import {
  createKeyring,
  DecryptionError,
} from "../../../supabase/functions/_shared/security/encryption.ts";
import type { Context } from "../context.ts";
import { callDatabase, type Diagnosis } from "../diagnosis.ts";
import { fail, type Finding, ok, unchecked } from "../finding.ts";
import {
  configurationObstacle,
  loadGivenVariables,
  setVariables,
} from "../variables.ts";

const CHECK = "encryption_keys";

const samplesSchema = z.array(z.object({
  table: z.string(),
  keyId: z.string(),
  ciphertext: z.string(),
  associatedData: z.string(),
}));

/**
 * Every key that stored rows need is there; and when the operator brings the keys, each opens what it should.
 *
 * Only what is lost is told, never what was opened.
 */
export async function checkEncryptionKeys(context: Context): Promise<Finding> {
  const { database, functions: { configuration } } = context;
  if (database.outcome === "unknown") {
    return unchecked(CHECK, database.problem.check);
  }
  const given = loadGivenVariables(context.target);
  const keyring = given?.ok ? createKeyring(given.config.encryptionKeys) : null;
  const inUse = database.diagnosis.encryptionKeys;
  const deployed = configuration?.encryptionKeyIds ?? null;
  const broken =
    (deployed === null ? null : missing(context, inUse, deployed)) ??
      (keyring === null ? null : await unopened(context, keyring));
  if (broken !== null) return broken;
  if (configuration === null) {
    return keyring === null
      ? unchecked(CHECK, configurationObstacle(context))
      : ok(CHECK, "the given file opens what is stored");
  }
  const { activeEncryptionKeyId: active } = configuration;
  return ok(
    CHECK,
    keyring === null
      ? `"${active}" encrypts; every key in use is there`
      : `"${active}" encrypts; the given file opens what is stored`,
  );
}

function lostKeys(context: Context, detail: string): Finding {
  return fail(
    CHECK,
    detail,
    `Put the old key back, behind the active one. ${
      setVariables(context.target, "BILLING_KEY_ENCRYPTION_KEYS")
    } If it is lost for good, these billing keys have to be issued again.`,
  );
}

function missing(
  context: Context,
  inUse: Diagnosis["encryptionKeys"],
  keyIds: readonly string[],
): Finding | null {
  const lost = inUse.filter(({ keyId }) => !keyIds.includes(keyId));
  if (lost.length === 0) return null;
  const named = lost.map(({ table, keyId, rows }) =>
    `${rows} row(s) of ${table} need "${keyId}"`
  );
  return lostKeys(
    context,
    `a key that is still needed is gone: ${named.join(", ")}`,
  );
}

/** Tries the given keys on the oldest value of each table and key id. */
async function unopened(
  context: Context,
  keyring: ReturnType<typeof createKeyring>,
): Promise<Finding | null> {
  const { ask, target } = context;
  const answer = await callDatabase(ask, target, "read_encrypted_samples", {});
  const samples = samplesSchema.safeParse(
    answer.outcome === "answered" ? answer.body : null,
  );
  if (!samples.success) return unchecked(CHECK, "migrations");
  for (const { table, keyId, ciphertext, associatedData } of samples.data) {
    try {
      await keyring.decrypt({ keyId, ciphertext }, associatedData);
    } catch (error) {
      if (!(error instanceof DecryptionError)) throw error;
      return lostKeys(
        context,
        error.reason === "unknown_key"
          ? `the given file lacks the key "${keyId}" that ${table} needs`
          : `"${keyId}" in the given file is another key than the one that encrypted ${table}`,
      );
    }
  }
  return null;
}
