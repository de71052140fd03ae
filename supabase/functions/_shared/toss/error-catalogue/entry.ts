/**
 * What a Toss error code says about the world.
 *
 * - `already_done`: the wanted state may exist already; read the payment and
 *   adopt what it says. `NOT_CANCELABLE_AMOUNT` belongs here because a balance
 *   of 0 means "refunded"; with any other balance the amount was too large.
 * - `unknown`: nobody knows whether the request took effect; ask Toss first.
 * - `later`: nothing happened, and the same request can work later.
 * - `customer`: nothing happened; the buyer has to change something.
 * - `session_expired`: the payment is over for good; a new one can be started.
 * - `configuration`: keys, contract or set-up are wrong; alert the operator.
 * - `request`: what was asked is not possible, by our or the caller's mistake.
 * - `not_found`: Toss does not know the thing named in the request.
 *
 * The classes are ours: Toss lists codes and messages ("전체 에러 목록") and
 * groups them by endpoint only. The HTTP status decides nothing by itself: 400
 * carries temporary errors, and 403 carries declines.
 */
export type TossErrorClass =
  | "already_done"
  | "unknown"
  | "later"
  | "customer"
  | "session_expired"
  | "configuration"
  | "request"
  | "not_found";

/** The product's suggestions for what to do next; the API's `action` field. */
export const SUGGESTED_ACTIONS = [
  "retry",
  "retry_later",
  "use_another_method",
  "fix_input",
  "start_over",
  "contact_issuer",
  "contact_support",
  "none",
] as const;

/** One of {@linkcode SUGGESTED_ACTIONS}. */
export type SuggestedAction = typeof SUGGESTED_ACTIONS[number];

/** One Toss error code: what it means, what to do, and what to tell people. */
export type CatalogueEntry = {
  readonly code: string;
  readonly class: TossErrorClass;
  readonly action: SuggestedAction;
  /** Text for the end user, in Korean. */
  readonly ko: string;
  /** Text for the end user, in English. */
  readonly en: string;
  /** A stored payment method with this answer will never pay this again. */
  readonly hard?: boolean;
  /** A limit that resets with the day: retry after midnight in Seoul. */
  readonly limit?: boolean;
};
