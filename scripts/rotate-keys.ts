import process from "node:process";
import { parseArgs } from "node:util";
import { rotateKeys } from "../supabase/functions/_shared/billing/rotate-keys.ts";
import {
  createDatabase,
  createServerClient,
  DatabaseError,
} from "../supabase/functions/_shared/database/client.ts";
import { createKeyring } from "../supabase/functions/_shared/security/encryption.ts";
import { findProject } from "./operator/find-project.ts";

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
  help: { type: "boolean" },
} as const;

async function rotate(batchSize: number): Promise<number> {
  const environment = Deno.env.toObject();
  const project = await findProject(environment);
  if (project === null) {
    console.error(
      "Set SUPABASE_URL and SUPABASE_SECRET_KEY, or start a local stack: npx -y deno task dev",
    );
    return 1;
  }
  const keys = environment.BILLING_KEY_ENCRYPTION_KEYS;
  if (keys === undefined || keys === "") {
    console.error(
      "Set BILLING_KEY_ENCRYPTION_KEYS to the new and the old key, as the functions have them (--help).",
    );
    return 1;
  }
  const keyring = createKeyring(keys);
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

function readBatchSize(): number | string | null {
  try {
    const { values } = parseArgs({ args: Deno.args, options: OPTIONS });
    if (values.help) return null;
    const size = Number(values.batch);
    return Number.isInteger(size) && size >= 1 && size <= 500
      ? size
      : "--batch must be a whole number from 1 to 500";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function main(): Promise<number> {
  const batchSize = readBatchSize();
  if (batchSize === null) {
    console.log(HELP);
    return 0;
  }
  if (typeof batchSize === "string") {
    console.error(`${batchSize}\n\n${HELP}`);
    return 2;
  }
  try {
    return await rotate(batchSize);
  } catch (error) {
    // A keyring's message names the variable and never its value.
    const known = error instanceof DatabaseError ||
      (error instanceof Error &&
        error.message.startsWith("BILLING_KEY_ENCRYPTION_KEYS"));
    if (!known) throw error;
    console.error(error.message);
    return 1;
  }
}

process.exit(await main());
