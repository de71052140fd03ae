import { randomBytes } from "node:crypto";
import { join } from "node:path";

/** Secrets that a stack makes up once and keeps beside its data. */
export interface LocalSecrets {
  /** JSON: key id → base64 of 32 bytes. */
  billingKeyEncryptionKeys: string;
  cronSecret: string;
}

/**
 * Reads the secrets of a stack's folder, or makes them up at the first start.
 *
 * They must live as long as the data: billing keys in the database are
 * encrypted with them. The file is readable for its owner only.
 */
export async function loadLocalSecrets(
  directory: string,
): Promise<LocalSecrets> {
  const path = join(directory, "secrets.json");
  const existing = await Deno.readTextFile(path).catch(() => null);
  if (existing !== null) return JSON.parse(existing);
  const secrets: LocalSecrets = {
    billingKeyEncryptionKeys: JSON.stringify({
      local1: randomBytes(32).toString("base64"),
    }),
    cronSecret: randomBytes(24).toString("base64url"),
  };
  await Deno.writeTextFile(path, JSON.stringify(secrets), { mode: 0o600 });
  return secrets;
}
