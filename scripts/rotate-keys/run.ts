import { rotateKeys } from "./rotate-keys.ts";
import {
  createDatabase,
  createServerClient,
  DatabaseError,
} from "../../supabase/functions/_shared/database/client.ts";
import {
  createKeyring,
  type Keyring,
} from "../../supabase/functions/_shared/security/encryption.ts";
import { parseKeyring } from "../../supabase/functions/_shared/security/keyring-text.ts";
import { commandEnvironment } from "../project/command-environment.ts";
import { openProject } from "../project/open-project.ts";
import { StopError } from "../door/errors.ts";
import type { Options } from "./command.ts";

async function rotate(batchSize: number): Promise<number> {
  const environment = commandEnvironment();
  const keys = environment.BILLING_KEY_ENCRYPTION_KEYS;
  if (keys === undefined) {
    throw new StopError(
      "Set BILLING_KEY_ENCRYPTION_KEYS to the new and the old key, as the functions have them (--help).",
    );
  }
  const keyring = openKeyring(keys);
  const project = await openProject(environment);
  const client = createServerClient({ ...project, fetch });
  const { rotated, unreadable } = await rotateKeys({
    database: createDatabase(client),
    keyring,
    batchSize,
    onBatch: (progress) =>
      console.log(`${progress.rotated} done, ${progress.remaining} left`),
  });
  console.log(
    `${rotated} value(s) are now encrypted with ${keyring.activeKeyId}.`,
  );
  for (const { store, id, keyId, reason } of unreadable) {
    console.error(`${store} ${id}: ${reason} (key ${keyId})`);
  }
  if (unreadable.length === 0) return 0;
  console.error(
    `${unreadable.length} value(s) could not be opened and stay as they are; keep their keys.`,
  );
  return 1;
}

/** The message of a keyring that cannot be read names the variable and never its value. */
function openKeyring(keys: string): Keyring {
  const parsed = parseKeyring(keys);
  if (parsed.ok) return createKeyring(keys);
  throw new StopError(`BILLING_KEY_ENCRYPTION_KEYS ${parsed.problem}`);
}

/** Encrypts anew what an older key has encrypted. */
export async function run({ batch }: Options): Promise<number> {
  return await rotate(batch).catch((error) => {
    if (!(error instanceof DatabaseError)) throw error;
    throw new StopError(
      `The database did not answer as it should: ${error.message}. What is done stays done; run it again.`,
    );
  });
}
