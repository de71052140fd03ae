import { z } from "zod";
import { API_VERSIONS } from "./payments/api-version.ts";

const API_KEY = /^(test|live)_(g?)(sk|ck)_[A-Za-z0-9_]+$/;

function sameFamily(secretKey: string, clientKey: string): boolean {
  const secret = API_KEY.exec(secretKey);
  const client = API_KEY.exec(clientKey);
  return secret?.[1] === client?.[1] && secret?.[2] === client?.[2] &&
    secret?.[3] === "sk" && client?.[3] === "ck";
}

/** The merchant id (상점아이디, at most 14 characters) of a pair that names none. */
export const MERCHANT_ID = "tosssimulator";

const keyPairSchema = z.strictObject({
  secretKey: z.string().regex(API_KEY),
  clientKey: z.string().regex(API_KEY),
  merchantId: z.string().regex(/^[a-z0-9_]{5,14}$/).default(MERCHANT_ID),
}).refine(
  (pair) => sameFamily(pair.secretKey, pair.clientKey),
  "secret key and client key are not of one environment and family",
);

/** The key pair of a simulator that is given none; it opens nothing at the real Toss. */
export const SIMULATOR_KEYS = {
  secretKey: "test_sk_simulator0000000000000000000",
  clientKey: "test_ck_simulator0000000000000000000",
};

/** Its widget pair, of the same merchant. */
export const SIMULATOR_WIDGET_KEYS = {
  secretKey: "test_gsk_simulator0000000000000000000",
  clientKey: "test_gck_simulator0000000000000000000",
};

/** Its billing pair; a billing contract has a merchant id of its own. */
export const SIMULATOR_BILLING_KEYS = {
  secretKey: "test_sk_simulatorbilling000000000000",
  clientKey: "test_ck_simulatorbilling000000000000",
  merchantId: "tosssimbilling",
};

/** How the Payment object shows that an account's deadline has passed. */
export const ACCOUNT_EXPIRIES = ["flag", "never", "absent", "text"] as const;

/** What may also be changed while a simulator runs. */
const changeable = {
  apiVersion: z.enum(API_VERSIONS),
  mismatchCode: z.enum(["INVALID_REQUEST", "FORBIDDEN_REQUEST"]),
  cacheServerErrors: z.boolean(),
  keepDeclinedCharges: z.boolean(),
  announceOwnDelete: z.boolean(),
  accountExpiry: z.enum(ACCOUNT_EXPIRIES),
  showDueDate: z.boolean(),
  authKeyLifetimeMilliseconds: z.int().positive().nullable(),
  latencyMilliseconds: z.int().min(0),
  cashReceiptSeconds: z.int().min(0),
  cashReceiptFailure: z.string().min(1).max(100).nullable(),
  transactionLagSeconds: z.int().min(0),
  showSettlements: z.boolean(),
};

const changeableSchema = z.object(changeable);
const changesSchema = z.strictObject(changeable).exactPartial();

const optionsSchema = z.strictObject({
  port: z.int().min(0).max(65535),
  secretKeys: z.array(keyPairSchema).min(1).prefault([SIMULATOR_KEYS]),
  webhookUrls: z.array(z.url()).default([]),
  apiVersion: changeable.apiVersion.default("2022-11-16"),
  mismatchCode: changeable.mismatchCode.default("INVALID_REQUEST"),
  cacheServerErrors: changeable.cacheServerErrors.default(false),
  keepDeclinedCharges: changeable.keepDeclinedCharges.default(true),
  announceOwnDelete: changeable.announceOwnDelete.default(false),
  accountExpiry: changeable.accountExpiry.default("flag"),
  showDueDate: changeable.showDueDate.default(true),
  authKeyLifetimeMilliseconds: changeable.authKeyLifetimeMilliseconds
    .default(null),
  latencyMilliseconds: changeable.latencyMilliseconds.default(0),
  cashReceiptSeconds: changeable.cashReceiptSeconds.default(0),
  cashReceiptFailure: changeable.cashReceiptFailure.default(null),
  transactionLagSeconds: changeable.transactionLagSeconds.default(0),
  showSettlements: changeable.showSettlements.default(true),
  minuteInMilliseconds: z.number().positive().default(60_000),
  webhookTimeoutMilliseconds: z.number().positive().default(10_000),
  publicUrl: z.url().optional(),
});

/**
 * How a simulator starts; only `port` (0 takes a free one) is required.
 *
 * - `secretKeys` key pairs, `sk`/`ck` and widget `gsk`/`gck`, each of a merchant:
 *   what is made under one `merchantId` does not exist under another, and a
 *   window and its confirm take one pair
 * - `webhookUrls` where events go; each URL gets every event of every merchant
 * - `apiVersion` in whose words answers and webhooks are written
 * - `mismatchCode` what a confirm with another amount or orderId answers
 * - `cacheServerErrors` whether an Idempotency-Key also replays a 5xx
 * - `keepDeclinedCharges` whether a declined charge of a billing key stays as
 *   an ABORTED payment, or leaves nothing to read
 * - `announceOwnDelete` whether DELETE of a billing key sends BILLING_DELETED
 * - `accountExpiry` how accounts issued from now on show a passed deadline:
 *   `expired` becomes true (`flag`), stays false (`never`), is left out
 *   (`absent`) or is a text (`text`)
 * - `showDueDate` whether accounts issued from now on show their `dueDate`
 * - `authKeyLifetimeMilliseconds` virtual time in which an authKey can be used;
 *   null = for ever
 * - `latencyMilliseconds` real time that every request is worked on
 * - `cashReceiptSeconds` virtual time until the tax office has taken a cash
 *   receipt; 0 = at once
 * - `cashReceiptFailure` the code with which it refuses every one from now on;
 *   null = none
 * - `transactionLagSeconds` virtual time until a transaction is listed
 * - `showSettlements` whether settlements are listed, as Toss does for live
 *   keys only
 * - `minuteInMilliseconds` length of a minute of the webhook retry schedule
 * - `webhookTimeoutMilliseconds` real time a webhook receiver has, 10 seconds
 * - `publicUrl` the address browsers reach, when it is not `url`
 */
export type SimulatorOptions = z.input<typeof optionsSchema>;

/** The options with every default filled in. */
export type Settings = z.output<typeof optionsSchema>;

/** The settings that may change while a simulator runs. */
export type ChangeableSettings = z.output<typeof changeableSchema>;

/** Changes of `ChangeableSettings`; what is absent stays. */
export type SettingsChanges = z.input<typeof changesSchema>;

/** One secret key, the client key that belongs to it, and whose they are. */
export type KeyPair = Settings["secretKeys"][number];

/** Fills in the defaults; throws a `ZodError` on a malformed option. */
export function parseOptions(options: SimulatorOptions): Settings {
  return optionsSchema.parse(options);
}

/** The part of the settings that may change. */
export function changeableSettings(settings: Settings): ChangeableSettings {
  return changeableSchema.parse(settings);
}

/**
 * Applies changes to settings; throws a `ZodError` on a malformed one. The key
 * pairs stay the same objects, because payments refer to theirs.
 */
export function changeSettings(
  settings: Settings,
  changes: SettingsChanges,
): Settings {
  return { ...settings, ...changesSchema.parse(changes) };
}
