import { rotateKeys } from "./rotate-keys/rotate-keys.ts";
import {
  createDatabase,
  createServerClient,
  DatabaseError,
} from "../supabase/functions/_shared/database/client.ts";
import {
  createKeyring,
  type Keyring,
} from "../supabase/functions/_shared/security/encryption.ts";
import { parseKeyring } from "../supabase/functions/_shared/security/keyring-text.ts";
import { commandEnvironment } from "./command/command-environment.ts";
import { openProject } from "./command/open-project.ts";
import { runCommand } from "./command/run-command.ts";
import { StopError } from "./command/stop-error.ts";
import { wholeNumber } from "./command/whole-number.ts";

const HELP =
  `Encrypts stored billing keys and webhook bodies anew with the first key of
BILLING_KEY_ENCRYPTION_KEYS. The functions go on working meanwhile.

  1. Put the new key first:  BILLING_KEY_ENCRYPTION_KEYS={"new":"…","old":"…"}
     and set that for the functions: supabase secrets set …
  2. BILLING_KEY_ENCRYPTION_KEYS='…' npx -y deno task rotate-keys
  3. When it says that nothing is left, take the old key out.

  --batch <n>   values in one transaction (1 to 500, default 100)

Safe to stop and to repeat. Without SUPABASE_URL and SUPABASE_SECRET_KEY in the
environment, the local stack that runs now is used.`;

const OPTIONS = {
  batch: { type: "string", default: "100" },
} as const;

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

await runCommand({
  name: "rotate-keys",
  help: HELP,
  options: OPTIONS,
  async run({ batch }) {
    const size = wholeNumber("batch", batch, { from: 1, to: 500 });
    try {
      return await rotate(size);
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
      throw new StopError(
        `The database did not answer as it should: ${error.message}. What is done stays done; run it again.`,
      );
    }
  },
});
