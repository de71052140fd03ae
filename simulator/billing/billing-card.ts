import { toKoreanMonth } from "../korean-time.ts";
import type { CardDetails } from "../payments/card.ts";

/** A card that billing keys are issued for. */
export interface BillingCard extends CardDetails {
  cardNumber: string;
  /** `yyyy-MM`, the last month in which the card pays; null = it pays for ever. */
  expirationMonth: string | null;
}

// Numbers for which a third party measured that the issue succeeds and every
// charge is refused (NOT_SUPPORTED_CARD_TYPE).
const UNIDENTIFIED = /^(433012|552022)/;

/** The type that Toss sees in a card number that was typed in. */
export function cardTypeOf(cardNumber: string): "신용" | "미확인" {
  return UNIDENTIFIED.test(cardNumber) ? "미확인" : "신용";
}

/** Whether the card's last month is over at `now` (epoch ms). */
export function isExpired(card: BillingCard, now: number): boolean {
  return card.expirationMonth !== null &&
    toKoreanMonth(now) > card.expirationMonth;
}
