/**
 * What kept a provider from taking a notice.
 *
 * - `rate_limit`: too many at once, or a quota is used up; nothing happened.
 * - `configuration`: key, sender, domain or balance; the shop has to act. Nothing happened.
 * - `outage`: no answer, or one that proves nothing; the notice may have been taken.
 * - `bad_address`: nobody can be reached there.
 * - `template_refused`: Kakao's template does not exist, was not approved, or is another one.
 * - `refused`: the request itself; a mistake of ours.
 */
export const NOTICE_FAULTS = [
  "rate_limit",
  "configuration",
  "outage",
  "bad_address",
  "template_refused",
  "refused",
] as const;

/** See {@link NOTICE_FAULTS}. */
export type NoticeFault = (typeof NOTICE_FAULTS)[number];

/** How one attempt ended. */
export type SendOutcome =
  | {
    kind: "sent";
    /** The provider's id; null when it only says that it has the notice already. */
    providerId: string | null;
    /** Why it went another way than it should have, for `notifications.error`. */
    detour?: string;
  }
  | {
    kind: "not_sent";
    fault: NoticeFault;
    /** The provider's own code or our word, without anything of the buyer's. */
    code: string;
    /** How long the provider asks to be left alone. */
    retryAfterSeconds?: number;
    /** Whether it may have been sent all the same. */
    mayBeSent: boolean;
  };

/** Those faults that are the channel's, not the notice's: the next notice would meet them too. */
export function isChannelFault(fault: NoticeFault): boolean {
  return fault === "rate_limit" || fault === "configuration" ||
    fault === "outage";
}

/** Makes an outcome of a fault that proves that nothing happened. */
export function notSent(
  fault: NoticeFault,
  code: string,
  retryAfterSeconds?: number,
): SendOutcome {
  return {
    kind: "not_sent",
    fault,
    code,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    mayBeSent: false,
  };
}

/** Makes an outcome of an answer that proves nothing. */
export function unknown(code: string): SendOutcome {
  return { kind: "not_sent", fault: "outage", code, mayBeSent: true };
}
