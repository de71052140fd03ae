import type { Providers } from "../simulator/providers/providers.ts";
import type { ApiKeys } from "./local-secrets.ts";

/** The variables of `.env.example`: what an operator may set. */
export const PROJECT_VARIABLES = [
  "TOSS_SECRET_KEY",
  "TOSS_CLIENT_KEY",
  "TOSS_WIDGET_SECRET_KEY",
  "TOSS_WIDGET_CLIENT_KEY",
  "TOSS_BILLING_SECRET_KEY",
  "TOSS_BILLING_CLIENT_KEY",
  "TOSS_SECURITY_KEY",
  "TOSS_WEBHOOK_SECRET",
  "TOSS_API_BASE_URL",
  "TOSS_TIMEOUT_MS",
  "APP_URL",
  "APP_SUCCESS_PATH",
  "APP_FAIL_PATH",
  "APP_CONSENT_PATH",
  "BILLING_KEY_ENCRYPTION_KEYS",
  "CRON_SECRET",
  "WEBHOOK_SIGNATURE_SCHEMES",
  "WEBHOOK_REQUIRE_SIGNATURE",
  "WEBHOOK_URL_TOKEN",
  "WEBHOOK_ALLOWED_IPS",
  "WEBHOOK_CLIENT_IP_HEADER",
  "WEBHOOK_ALLOW_PRIVATE",
  "CORS_ALLOWED_ORIGINS",
  "DUNNING_SCHEDULE_DAYS",
  "DUNNING_FINAL_ACTION",
  "AD_HOC_CHARGES",
  "CHECKOUT_UI",
  "VIRTUAL_ACCOUNT_MAX_HOURS",
  "CASH_RECEIPT_SELF_ISSUE_DAYS",
  "RETAIN_WEBHOOK_BODIES_DAYS",
  "RETAIN_PERSONAL_DATA_YEARS",
  "NOTIFY_EMAIL",
  "RESEND_API_KEY",
  "RESEND_API_BASE_URL",
  "EMAIL_FROM",
  "NOTIFY_MESSAGE",
  "SOLAPI_API_KEY",
  "SOLAPI_API_SECRET",
  "SOLAPI_API_BASE_URL",
  "SOLAPI_SENDER",
  "SOLAPI_PF_ID",
  "SOLAPI_TEMPLATES",
] as const;

// Where Deno finds its cache, its certificates and a proxy. Functions could
// not be loaded, or could not reach Toss, without them.
const RUNTIME_VARIABLES = [
  "DENO_CERT",
  "DENO_TLS_CA_STORE",
  "SSL_CERT_DIR",
  "SSL_CERT_FILE",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
  "NPM_CONFIG_REGISTRY",
  "SystemRoot",
];

/** What the values for local development are made of. */
export interface LocalValues {
  tossApiBaseUrl: string;
  /** The key pair when none is given; null = a real Toss, whose keys nobody guesses. */
  tossKeys: { secretKey: string; clientKey: string } | null;
  /** Address of the web page that the redirects lead to. */
  webUrl: string;
  billingKeyEncryptionKeys: string;
  cronSecret: string;
  /** Who sends notices when nobody else is named; null = nobody. */
  providers:
    | Pick<Providers, "resendUrl" | "solapiUrl" | "solapiSecret">
    | null;
}

/**
 * Builds the project's variables for local development.
 *
 * `given` wins over every default; empty values count as not given. Names
 * that `.env.example` does not know are left out.
 */
export function projectVariables(
  values: LocalValues,
  given: Record<string, string>,
): Record<string, string> {
  const { tossKeys, webUrl } = values;
  const variables: Record<string, string> = {
    ...(tossKeys === null ? {} : {
      TOSS_SECRET_KEY: tossKeys.secretKey,
      TOSS_CLIENT_KEY: tossKeys.clientKey,
    }),
    TOSS_API_BASE_URL: values.tossApiBaseUrl,
    APP_URL: webUrl,
    BILLING_KEY_ENCRYPTION_KEYS: values.billingKeyEncryptionKeys,
    CRON_SECRET: values.cronSecret,
    // A shop under development is served from any port of this machine.
    CORS_ALLOWED_ORIGINS: "*",
    ...noticeVariables(values.providers, given),
  };
  for (const name of PROJECT_VARIABLES) {
    const value = given[name]?.trim();
    if (value) variables[name] = value;
  }
  return variables;
}

/** Each channel goes to the stack's own provider, unless it is configured otherwise. */
function noticeVariables(
  providers: LocalValues["providers"],
  given: Record<string, string>,
): Record<string, string> {
  if (providers === null) return {};
  return {
    ...(given.NOTIFY_EMAIL?.trim() ? {} : {
      NOTIFY_EMAIL: "resend",
      RESEND_API_KEY: "re_local_stack_key",
      RESEND_API_BASE_URL: providers.resendUrl,
      EMAIL_FROM: "우리 상점 <notice@shop.example>",
    }),
    ...(given.NOTIFY_MESSAGE?.trim() ? {} : {
      NOTIFY_MESSAGE: "solapi",
      SOLAPI_API_KEY: "LOCALSTACK",
      SOLAPI_API_SECRET: providers.solapiSecret,
      SOLAPI_API_BASE_URL: providers.solapiUrl,
      SOLAPI_SENDER: "021234567",
    }),
  };
}

function denoCacheFolder(read: (name: string) => string | undefined): string {
  const home = read("HOME") ?? read("USERPROFILE") ?? "";
  const cache = Deno.build.os === "darwin"
    ? `${home}/Library/Caches`
    : Deno.build.os === "windows"
    ? read("LOCALAPPDATA") ?? `${home}/AppData/Local`
    : read("XDG_CACHE_HOME") ?? `${home}/.cache`;
  return read("DENO_DIR") ?? `${cache}/deno`;
}

/**
 * Builds the whole environment of the functions process.
 *
 * It holds what a hosted function gets (docs: functions/secrets), the
 * project's variables, and what Deno itself needs; nothing else of the
 * caller's environment, which `read` looks into.
 */
export function functionsEnvironment(
  stack: { apiUrl: string; databaseUrl: string; keys: ApiKeys },
  variables: Record<string, string>,
  read: (name: string) => string | undefined,
): Record<string, string> {
  const environment: Record<string, string> = {
    ...variables,
    SUPABASE_URL: stack.apiUrl,
    SUPABASE_DB_URL: stack.databaseUrl,
    SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({
      default: stack.keys.publishableKey,
    }),
    SUPABASE_SECRET_KEYS: JSON.stringify({ default: stack.keys.secretKey }),
    SUPABASE_JWKS: JSON.stringify({ keys: [] }),
    DENO_DIR: denoCacheFolder(read),
    DENO_NO_UPDATE_CHECK: "1",
  };
  for (const name of RUNTIME_VARIABLES) {
    const value = read(name) ?? read(name.toLowerCase());
    if (value !== undefined) environment[name] = value;
  }
  return environment;
}
