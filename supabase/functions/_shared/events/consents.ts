import { z } from "zod";
import {
  amount,
  type EventDefinition,
  EXAMPLE_SUBSCRIPTION,
  EXAMPLE_TIME,
  EXAMPLE_USER,
  id,
  SINCE,
  time,
  VERSION,
} from "./event.ts";

const data = z.object({
  consentId: id,
  subscriptionId: id,
  userId: id,
  planId: id,
  kind: z.enum(["trial_conversion", "price_rise"]),
  /** Price of a period before; 0 of a trial. */
  amountBefore: amount,
  /** Price of a period from `effectiveAt` on. */
  amount,
  currency: z.string(),
  effectiveAt: time,
  opensAt: time,
  decidedAt: time.nullable(),
  /** Who decided: subscription (signed in), link, shop, billing (lapsed). */
  source: z.enum(["subscription", "link", "shop", "billing"]).nullable(),
});

const example = {
  consentId: "5a1c7e9f-3b2d-4f6a-8c0e-1d2f3a4b5c17",
  subscriptionId: EXAMPLE_SUBSCRIPTION,
  userId: EXAMPLE_USER,
  planId: "basic",
  kind: "trial_conversion",
  amountBefore: 0,
  amount: 9900,
  currency: "KRW",
  effectiveAt: "2027-02-01T10:00:00+09:00",
  opensAt: "2027-01-02T10:00:00+09:00",
  decidedAt: null,
  source: null,
};

function define(
  name: string,
  en: string,
  ko: string,
  source: string | null,
): EventDefinition {
  return {
    type: `consent.${name}`,
    version: VERSION,
    since: SINCE,
    when: { en, ko },
    data,
    example: source === null
      ? example
      : { ...example, decidedAt: EXAMPLE_TIME, source },
  };
}

/** What subscribers are asked before a free period becomes paid or a price rises, and what they say. */
export const CONSENT_EVENTS: readonly EventDefinition[] = [
  define(
    "asked",
    "a subscriber is asked for consent",
    "구독자에게 동의를 요청함",
    null,
  ),
  define(
    "reminded",
    "a request for consent is repeated, seven days before its date",
    "동의 요청을 7일 전에 다시 알림",
    null,
  ),
  define("given", "a subscriber consented", "구독자가 동의함", "subscription"),
  define(
    "refused",
    "a subscriber refused, or took a consent back",
    "구독자가 동의하지 않거나 동의를 되돌림",
    "link",
  ),
  define(
    "lapsed",
    "the date came, and nobody had answered",
    "답이 없는 채 그 날이 됨",
    "billing",
  ),
];
