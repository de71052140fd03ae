/** Who a caller can prove to be. */
export type AccessMode = "anyone" | "user" | "publishable" | "secret" | "cron";

/** What a function is open to, and whether pages of other origins may call it. */
export interface FunctionAccess {
  modes: readonly AccessMode[];
  browser: boolean;
}

/**
 * The one table that says who may call which function.
 *
 * `verify_jwt` is off for all of them (supabase/config.toml), because the platform's check lets every API key
 * through; a function that is missing here cannot be created.
 */
export const FUNCTION_ACCESS = {
  "billing-charge": { modes: ["cron", "secret"], browser: false },
  // The redirect brings no credential but its signed state, so what each route needs is asked there (authenticate.ts).
  "billing-issue": { modes: ["user", "anyone"], browser: true },
  "cash-receipt": { modes: ["user", "secret"], browser: true },
  cancel: { modes: ["secret", "user", "publishable"], browser: true },
  checkout: { modes: ["user", "publishable", "secret"], browser: true },
  confirm: { modes: ["anyone"], browser: true },
  health: { modes: ["cron", "anyone"], browser: true },
  operator: { modes: ["secret"], browser: false },
  // The link of a notice brings no credential but its token; each route asks for what it needs (handler.ts).
  subscription: { modes: ["user", "secret", "anyone"], browser: true },
  "virtual-account": { modes: ["user", "publishable"], browser: true },
  webhook: { modes: ["anyone"], browser: false },
  "webhook-endpoints": { modes: ["secret"], browser: false },
  withdrawal: { modes: ["user", "secret"], browser: true },
  worker: { modes: ["cron", "secret"], browser: false },
} as const satisfies Record<string, FunctionAccess>;

/** Name of an edge function: its folder under supabase/functions. */
export type FunctionName = keyof typeof FUNCTION_ACCESS;

const KIB = 1024;

/** Every field of these at its longest, in the widest spelling of its characters, stays below 8 KiB. */
const SMALL = 16 * KIB;

/**
 * How large a body a function reads. What arrives costs memory and time before anybody has proven who sends it, so
 * none reads more than its longest request.
 */
export const MAXIMUM_BODY_BYTES = {
  "billing-charge": SMALL,
  "billing-issue": SMALL,
  "cash-receipt": SMALL,
  cancel: SMALL,
  // A hundred items (30 KiB) and five entries of metadata (30 KiB).
  checkout: 64 * KIB,
  confirm: SMALL,
  health: 0,
  operator: SMALL,
  subscription: SMALL,
  "virtual-account": SMALL,
  // The largest that Toss sends is a payment with its cancels: 1.5 to 4 KB without them, and 0.5 KB for each; about
  // sixty partial refunds fit. Deposits, cancels, billing keys, payouts and sellers stay below 1 KB.
  webhook: 32 * KIB,
  "webhook-endpoints": SMALL,
  withdrawal: SMALL,
  worker: SMALL,
} as const satisfies Record<FunctionName, number>;
