import { createHash, randomBytes } from "node:crypto";
import { join } from "node:path";

/** What opens the API of a stack. */
export interface ApiKeys {
  /** Acts as `anon`. */
  publishableKey: string;
  /** Acts as `service_role`. */
  secretKey: string;
  /** Signs the user tokens (HS256). */
  jwtSecret: string;
}

/** Secrets that a stack makes up once and keeps beside its data. */
export interface LocalSecrets extends ApiKeys {
  /** JSON: key id → base64 of 32 bytes. */
  billingKeyEncryptionKeys: string;
  cronSecret: string;
}

/** The form of a hosted key: 22 characters of chance and 8 that belong to them. */
function apiKey(kind: "publishable" | "secret"): string {
  const chance = randomBytes(32).toString("base64")
    .replaceAll(/[^A-Za-z0-9]/g, "").slice(0, 22);
  const sum = createHash("sha256").update(chance).digest("hex").slice(0, 8);
  return `sb_${kind}_${chance}_${sum}`;
}

/** Makes up every secret anew; for a stack without a folder. */
export function makeSecrets(): LocalSecrets {
  return {
    publishableKey: apiKey("publishable"),
    secretKey: apiKey("secret"),
    jwtSecret: randomBytes(32).toString("base64url"),
    billingKeyEncryptionKeys: JSON.stringify({
      local1: randomBytes(32).toString("base64"),
    }),
    cronSecret: randomBytes(24).toString("base64url"),
  };
}

/**
 * Reads the secrets of a stack's folder, or makes them up at the first start.
 *
 * No two folders share one: what opens one stack opens no other, and no page
 * can know it. They must live as long as the data: billing keys in the
 * database are encrypted with them. The file is readable for its owner only.
 */
export async function loadLocalSecrets(
  directory: string,
): Promise<LocalSecrets> {
  const path = join(directory, "secrets.json");
  const text = await Deno.readTextFile(path).catch(() => "{}");
  const kept: Partial<LocalSecrets> = JSON.parse(text);
  const secrets = { ...makeSecrets(), ...kept };
  if (Object.keys(kept).length < Object.keys(secrets).length) {
    await Deno.writeTextFile(path, JSON.stringify(secrets), { mode: 0o600 });
  }
  return secrets;
}
