import {
  combinationProblems,
  keyPairs,
  publishableKeys,
  secretKeys,
  tossSecretKeys,
} from "./combinations.ts";
import {
  type Environment,
  SIGNATURE_KEY_VARIABLES,
  type SignatureScheme,
} from "./environment.ts";
import { type NoticeConfig, noticeConfig } from "./notice-config.ts";
import { type ConfigProblem, readEnvironment } from "./read-environment.ts";
import type { CheckoutUi, KeyPairs } from "../toss/key-pairs.ts";
import { keyMode } from "../toss/keys.ts";

export type { ConfigProblem } from "./read-environment.ts";
export type { SignatureScheme } from "./environment.ts";

/** Everything the functions need to know about where they run. */
export type Config = {
  readonly supabase: {
    readonly url: string;
    /** At least one. */
    readonly publishableKeys: readonly string[];
    /** At least one. */
    readonly secretKeys: readonly string[];
  };
  readonly toss: {
    readonly pairs: KeyPairs;
    /** How an order is paid that names no `ui`; null = the widget where there is a pair for it, else the window. */
    readonly checkoutUi: CheckoutUi | null;
    /** Without a trailing slash. */
    readonly apiBaseUrl: string;
    readonly timeoutMs: number;
    /** `test` keys never move money; all pairs are of one mode. */
    readonly mode: "test" | "live";
  };
  readonly app: {
    /** Without a trailing slash. */
    readonly url: string;
    readonly successPath: string;
    readonly failPath: string;
    /** Of the page that the link of a request for consent opens. */
    readonly consentPath: string;
  };
  /** For `createKeyring()`, which it is known to satisfy. */
  readonly encryptionKeys: string;
  readonly cronSecret: string;
  readonly webhook: {
    /** In force, each with the keys it accepts; none = it takes part in nothing. */
    readonly schemes: readonly {
      readonly scheme: SignatureScheme;
      readonly keys: readonly string[];
    }[];
    readonly requireSignature: boolean;
    /** Whether Toss's security key is known, so that what Toss always signs has to come signed. */
    readonly hasSecurityKey: boolean;
    readonly urlToken?: string | undefined;
    /** Empty: every address. */
    readonly allowedIps: readonly string[];
    /** Lower case; the platform writes the sender's address there. */
    readonly clientIpHeader: string;
  };
  readonly outgoing: {
    /** Whether events may go to this machine and private networks, also by http. */
    readonly allowPrivate: boolean;
  };
  readonly cors: { readonly allowedOrigins: readonly string[] };
  readonly dunning: {
    readonly scheduleDays: readonly number[];
    readonly finalAction: "cancel" | "keep_past_due";
  };
  /** For how long a virtual account may hold its order's stock. */
  readonly depositHours: { readonly user: number; readonly guest: number };
  /** So many days after its approval a cash payment gets a receipt that nobody asked for; null = never. */
  readonly selfIssueDays: number | null;
  /** After what time job `housekeeping` erases what names a person. */
  readonly retention: {
    readonly webhookBodyDays: number;
    readonly personalDataYears: number;
  };
  /** Whether `billing-charge` may charge an amount outside any subscription. */
  readonly adHocCharges: boolean;
  /** How buyers are told what happened. */
  readonly notices: NoticeConfig;
};

/** Nobody knows who a guest is, and orders cost a guest nothing. */
const GUEST_DEPOSIT_HOURS = 24;

/** A usable configuration, or everything that keeps it from being one. */
export type LoadedConfig =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/**
 * Reads and checks the whole environment at once, so that one start shows every
 * problem. Names and defaults stand in `.env.example`; white space around a
 * value does not count, an empty variable counts as unset. No problem text
 * holds a value.
 *
 * @param environment variables by name, e.g. `Deno.env.toObject()`.
 */
export function loadConfig(
  environment: Readonly<Record<string, string | undefined>>,
): LoadedConfig {
  const { environment: read, sound, problems } = readEnvironment(environment);
  const all = [...problems, ...combinationProblems(sound)];
  return read === null || all.length > 0
    ? { ok: false, problems: all }
    : { ok: true, config: toConfig(read) };
}

function toConfig(environment: Environment): Config {
  return {
    supabase: {
      url: environment.SUPABASE_URL,
      publishableKeys: publishableKeys(environment),
      secretKeys: secretKeys(environment),
    },
    toss: {
      pairs: keyPairs(environment),
      checkoutUi: environment.CHECKOUT_UI ?? null,
      apiBaseUrl: environment.TOSS_API_BASE_URL,
      timeoutMs: environment.TOSS_TIMEOUT_MS,
      mode: keyMode(environment.TOSS_SECRET_KEY[0]),
    },
    app: {
      url: environment.APP_URL,
      successPath: environment.APP_SUCCESS_PATH,
      failPath: environment.APP_FAIL_PATH,
      consentPath: environment.APP_CONSENT_PATH,
    },
    encryptionKeys: environment.BILLING_KEY_ENCRYPTION_KEYS,
    cronSecret: environment.CRON_SECRET,
    webhook: {
      schemes: environment.WEBHOOK_SIGNATURE_SCHEMES.map((scheme) => ({
        scheme,
        // Each merchant id signs with a secret key of its own.
        keys: SIGNATURE_KEY_VARIABLES[scheme] === "TOSS_SECRET_KEY"
          ? tossSecretKeys(environment)
          : environment[SIGNATURE_KEY_VARIABLES[scheme]],
      })),
      requireSignature: environment.WEBHOOK_REQUIRE_SIGNATURE,
      hasSecurityKey: environment.TOSS_SECURITY_KEY.length > 0,
      urlToken: environment.WEBHOOK_URL_TOKEN,
      allowedIps: environment.WEBHOOK_ALLOWED_IPS,
      clientIpHeader: environment.WEBHOOK_CLIENT_IP_HEADER,
    },
    outgoing: { allowPrivate: environment.WEBHOOK_ALLOW_PRIVATE },
    // The app itself is the one page that always has to reach the functions.
    cors: {
      allowedOrigins: environment.CORS_ALLOWED_ORIGINS ??
        [new URL(environment.APP_URL).origin],
    },
    dunning: {
      scheduleDays: environment.DUNNING_SCHEDULE_DAYS,
      finalAction: environment.DUNNING_FINAL_ACTION,
    },
    depositHours: {
      user: environment.VIRTUAL_ACCOUNT_MAX_HOURS,
      guest: Math.min(
        environment.VIRTUAL_ACCOUNT_MAX_HOURS,
        GUEST_DEPOSIT_HOURS,
      ),
    },
    selfIssueDays: environment.CASH_RECEIPT_SELF_ISSUE_DAYS ?? null,
    retention: {
      webhookBodyDays: environment.RETAIN_WEBHOOK_BODIES_DAYS,
      personalDataYears: environment.RETAIN_PERSONAL_DATA_YEARS,
    },
    adHocCharges: environment.AD_HOC_CHARGES,
    notices: noticeConfig(environment),
  };
}
