import { z } from "zod";
import type { Services } from "../_shared/services.ts";
import { parseTossKey } from "../_shared/toss/keys.ts";

/** What an operator may know of the configuration; no value of it is a secret. */
export const configurationReport = z.object({
  /** `test` keys never move money. */
  tossMode: z.enum(["test", "live"]),
  /** Which pair of keys the shop's pages must use. */
  tossKeyFamily: z.enum(["api", "widget"]),
  tossApiBaseUrl: z.string(),
  /** Where the redirects lead. */
  appUrl: z.string(),
  /** Ids of BILLING_KEY_ENCRYPTION_KEYS; what is stored under another id can no longer be read. */
  encryptionKeyIds: z.array(z.string()),
  /** The one that new values are encrypted with. */
  activeEncryptionKeyId: z.string(),
});

/** A {@link configurationReport}. */
export type ConfigurationReport = z.output<typeof configurationReport>;

/** Describes how the functions are configured, for comparison with what the database and the operator expect. */
export function describeConfiguration(
  { config, keyring }: Services,
): ConfigurationReport {
  return {
    tossMode: config.toss.mode,
    tossKeyFamily: parseTossKey(config.toss.clientKey)?.family ?? "api",
    tossApiBaseUrl: config.toss.apiBaseUrl,
    appUrl: config.app.url,
    encryptionKeyIds: [...keyring.keyIds],
    activeEncryptionKeyId: keyring.activeKeyId,
  };
}
