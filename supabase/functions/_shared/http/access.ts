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
  // The redirect brings no credential but its signed state, so what each route needs is asked there (require-user.ts).
  "billing-issue": { modes: ["user", "anyone"], browser: true },
  cancel: { modes: ["secret", "user", "publishable"], browser: true },
  checkout: { modes: ["user", "publishable"], browser: true },
  confirm: { modes: ["anyone"], browser: true },
  health: { modes: ["cron", "anyone"], browser: true },
  subscription: { modes: ["user", "secret"], browser: true },
  "virtual-account": { modes: ["user", "publishable"], browser: true },
  webhook: { modes: ["anyone"], browser: false },
  worker: { modes: ["cron", "secret"], browser: false },
} as const satisfies Record<string, FunctionAccess>;

/** Name of an edge function: its folder under supabase/functions. */
export type FunctionName = keyof typeof FUNCTION_ACCESS;
