import { z } from "zod";
import { TOSS_WEBHOOK_SENDERS } from "../toss/webhook-senders.ts";
import { emailSender, noticeTemplates, senderNumber } from "./notice-values.ts";
import { keyringText, secretList, secretText } from "./secret-strength.ts";
import {
  apiKeys,
  appPath,
  httpUrl,
  ipAddresses,
  list,
  origins,
  scheduleDays,
  switchValue,
  wholeNumber,
} from "./values.ts";

/**
 * How the body of a webhook can be signed, and the variable that holds the
 * keys. Toss itself signs only payout and seller events, as `toss-v1`; the
 * others serve senders and relays that follow older integration guides.
 */
export const SIGNATURE_KEY_VARIABLES = {
  "toss-v1": "TOSS_SECURITY_KEY",
  "sha512-hex-body": "TOSS_WEBHOOK_SECRET",
  "sha256-hex-body-time": "TOSS_SECRET_KEY",
  "sha256-hex-body": "TOSS_WEBHOOK_SECRET",
  "sha256-base64-body": "TOSS_WEBHOOK_SECRET",
} as const;

/** Name of a signature scheme, as WEBHOOK_SIGNATURE_SCHEMES takes it. */
export type SignatureScheme = keyof typeof SIGNATURE_KEY_VARIABLES;

const SCHEME_NAMES = Object.keys(SIGNATURE_KEY_VARIABLES) as SignatureScheme[];

const required = z.string("is not set");

// Supabase ends a request after 150 s without an answer; the rest is for the
// database before and after the call.
const TIMEOUT_MS = { minimum: 50, maximum: 140_000 };

/** Toss lets a deposit be waited for 90 days at most (Toss: 가상계좌 발급, validHours). */
export const LONGEST_VALID_HOURS = 2160;

/** The tax office wants it within five days; who is later is late, and nobody means more than a month. */
const LONGEST_SELF_ISSUE_DAYS = 30;

const signatureSchemes = list.pipe(
  z.array(
    z.enum(SCHEME_NAMES, `knows ${SCHEME_NAMES.join(", ")}`),
  ),
);

// Supabase's own edge writes the first one and lets nobody else write it; the
// others serve self-hosted gateways (docs/webhooks.md).
const CLIENT_IP_HEADERS = [
  "cf-connecting-ip",
  "x-forwarded-for",
  "x-real-ip",
] as const;

const webhookSenders = list.transform((items) =>
  items.flatMap((item) => item === "toss" ? [...TOSS_WEBHOOK_SENDERS] : [item])
).pipe(ipAddresses);

/** Each environment variable by itself; `config.ts` checks how they combine. */
export const ENVIRONMENT = z.object({
  SUPABASE_URL: required.pipe(httpUrl),
  SUPABASE_PUBLISHABLE_KEYS: apiKeys.default([]),
  SUPABASE_SECRET_KEYS: apiKeys.default([]),
  SUPABASE_ANON_KEY: z.string().optional(),
  SUPABASE_SERVICE_ROLE_KEY: z.string().optional(),
  /** The first is used; the others only check webhooks that were signed before a rotation. */
  TOSS_SECRET_KEY: required.pipe(list).pipe(
    z.tuple([z.string()], z.string(), "is not set"),
  ),
  TOSS_CLIENT_KEY: required,
  TOSS_WIDGET_SECRET_KEY: list.optional(),
  TOSS_WIDGET_CLIENT_KEY: z.string().optional(),
  TOSS_BILLING_SECRET_KEY: list.optional(),
  TOSS_BILLING_CLIENT_KEY: z.string().optional(),
  TOSS_SECURITY_KEY: secretList.default([]),
  TOSS_WEBHOOK_SECRET: secretList.default([]),
  TOSS_API_BASE_URL: httpUrl.default("https://api.tosspayments.com"),
  TOSS_TIMEOUT_MS: wholeNumber(TIMEOUT_MS.minimum, TIMEOUT_MS.maximum)
    .default(60_000),
  APP_URL: required.pipe(httpUrl),
  APP_SUCCESS_PATH: appPath.default("/payment/success"),
  APP_FAIL_PATH: appPath.default("/payment/fail"),
  APP_CONSENT_PATH: appPath.default("/consent"),
  BILLING_KEY_ENCRYPTION_KEYS: required.pipe(keyringText),
  CRON_SECRET: required.pipe(secretText),
  WEBHOOK_SIGNATURE_SCHEMES: signatureSchemes.default(["toss-v1"]),
  WEBHOOK_REQUIRE_SIGNATURE: switchValue.default(false),
  WEBHOOK_URL_TOKEN: secretText.optional(),
  WEBHOOK_ALLOWED_IPS: webhookSenders.default([]),
  WEBHOOK_CLIENT_IP_HEADER: z.enum(
    CLIENT_IP_HEADERS,
    `must be one of ${CLIENT_IP_HEADERS.join(", ")}`,
  ).default("cf-connecting-ip"),
  WEBHOOK_ALLOW_PRIVATE: switchValue.default(false),
  CORS_ALLOWED_ORIGINS: origins.optional(),
  DUNNING_SCHEDULE_DAYS: scheduleDays.default([1, 3, 5, 7]),
  DUNNING_FINAL_ACTION: z.enum(
    ["cancel", "keep_past_due"],
    "must be cancel or keep_past_due",
  ).default("cancel"),
  AD_HOC_CHARGES: switchValue.default(false),
  CASH_RECEIPT_SELF_ISSUE_DAYS: wholeNumber(0, LONGEST_SELF_ISSUE_DAYS)
    .optional(),
  RETAIN_WEBHOOK_BODIES_DAYS: wholeNumber(7, 3650).default(90),
  RETAIN_PERSONAL_DATA_YEARS: wholeNumber(1, 100).default(5),
  CHECKOUT_UI: z.enum(["widget", "window"], "must be widget or window")
    .optional(),
  VIRTUAL_ACCOUNT_MAX_HOURS: wholeNumber(1, LONGEST_VALID_HOURS).default(72),
  NOTIFY_EMAIL: z.enum(["off", "resend"], "must be off or resend")
    .default("off"),
  RESEND_API_KEY: z.string().optional(),
  RESEND_API_BASE_URL: httpUrl.default("https://api.resend.com"),
  EMAIL_FROM: emailSender.optional(),
  NOTIFY_MESSAGE: z.enum(["off", "solapi"], "must be off or solapi")
    .default("off"),
  SOLAPI_API_KEY: z.string().optional(),
  SOLAPI_API_SECRET: z.string().optional(),
  SOLAPI_API_BASE_URL: httpUrl.default("https://api.solapi.com"),
  SOLAPI_SENDER: senderNumber.optional(),
  SOLAPI_PF_ID: z.string().optional(),
  SOLAPI_TEMPLATES: noticeTemplates.optional(),
});

/** The environment after parsing, still under its variables' names. */
export type Environment = z.output<typeof ENVIRONMENT>;

/** Those variables of an environment that are sound by themselves; the others are missing. */
export const SOUND_VARIABLES = ENVIRONMENT.partial();

/** What {@link SOUND_VARIABLES} reads. */
export type SoundVariables = z.output<typeof SOUND_VARIABLES>;
