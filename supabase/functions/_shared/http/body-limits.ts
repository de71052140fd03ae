import type { FunctionName } from "./access.ts";

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
  cancel: SMALL,
  // A hundred items (30 KiB) and five entries of metadata (30 KiB).
  checkout: 64 * KIB,
  confirm: SMALL,
  subscription: SMALL,
  "virtual-account": SMALL,
  // The largest that Toss sends is a payment with its cancels: 1.5 to 4 KB without them, and 0.5 KB for each; about
  // sixty partial refunds fit. Deposits, cancels, billing keys, payouts and sellers stay below 1 KB.
  webhook: 32 * KIB,
  worker: SMALL,
} as const satisfies Partial<Record<FunctionName, number>>;
