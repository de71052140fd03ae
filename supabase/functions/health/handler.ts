import { z } from "zod";
import { readStatus, type SystemStatus } from "../_shared/database/status.ts";
import type { Handler } from "../_shared/http/create-function.ts";
import { VERSION } from "../_shared/version.ts";
import type { Services } from "../_shared/services.ts";
import {
  familyOf,
  TOSS_KEYS,
  type TossKeys,
} from "../_shared/toss/key-pairs.ts";

/** What an operator may know of the configuration; no value of it is a secret. */
export const configurationReport = z.object({
  /** `test` keys never move money. */
  tossMode: z.enum(["test", "live"]),
  /** The family of the main pair. */
  tossKeyFamily: z.enum(["api", "widget"]),
  /** Every pair that is set. */
  tossPairs: z.array(z.object({
    keys: z.enum(TOSS_KEYS),
    family: z.enum(["api", "widget"]),
  })),
  /** Pairs that are not set, although open orders or cards were made with them. */
  tossKeysMissing: z.array(z.enum(TOSS_KEYS)),
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
): Omit<ConfigurationReport, "tossKeysMissing"> {
  return {
    tossMode: config.toss.mode,
    tossKeyFamily: familyOf(config.toss.pairs.main),
    tossPairs: TOSS_KEYS.flatMap((keys) => {
      const pair = config.toss.pairs[keys];
      return pair === null ? [] : [{ keys, family: familyOf(pair) }];
    }),
    tossApiBaseUrl: config.toss.apiBaseUrl,
    appUrl: config.app.url,
    encryptionKeyIds: [...keyring.keyIds],
    activeEncryptionKeyId: keyring.activeKeyId,
  };
}

/** The loudest of what an operator must know: `critical` before `attention` before `ok`. */
function levelOf(
  { alerts, invariantViolations }: SystemStatus,
  missing: readonly TossKeys[],
): string {
  if (alerts.critical > 0 || invariantViolations > 0 || missing.length > 0) {
    return "critical";
  }
  return alerts.warning > 0 ? "attention" : "ok";
}

/**
 * `GET health`: that the function runs and is configured; with the secret key also what waits and for how long,
 * when each job last ran, how many alerts and violated invariants there are, and how the functions are configured.
 *
 * Whoever brings CRON_SECRET is told so: that is how the database finds out that its own copy fits.
 */
export const health: Handler = async (_request, { services, caller }) => {
  if (caller.kind === "cron") {
    return Response.json({ status: "ok", version: VERSION, caller: "cron" });
  }
  if (caller.kind !== "secret") {
    return Response.json({ status: "ok", version: VERSION });
  }
  const system = await readStatus(services.database);
  const { tossKeysInUse, ...figures } = system;
  const tossKeysMissing = tossKeysInUse.filter((keys) =>
    services.config.toss.pairs[keys] === null
  );
  return Response.json({
    status: levelOf(system, tossKeysMissing),
    version: VERSION,
    ...figures,
    configuration: { ...describeConfiguration(services), tossKeysMissing },
  });
};
