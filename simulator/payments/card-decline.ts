/** What is declined, and how often. */
export interface Decline {
  code: string;
  /** How many approvals are still declined. */
  count: number | "always";
}

/** A card number whose approvals are declined. */
export interface CardDecline extends Decline {
  cardNumber: string;
}

/** Takes the oldest decline that `isMeant`, and counts it down. */
export function takeDecline<Kind extends Decline>(
  declines: Kind[],
  isMeant: (decline: Kind) => boolean,
): string | undefined {
  const index = declines.findIndex(isMeant);
  const decline = declines[index];
  if (decline === undefined) return undefined;
  if (decline.count !== "always") {
    decline.count -= 1;
    if (decline.count === 0) declines.splice(index, 1);
  }
  return decline.code;
}

/** Takes the decline that waits for `cardNumber`, and counts it down. */
export function takeCardDecline(
  declines: CardDecline[],
  cardNumber: string,
): string | undefined {
  return takeDecline(declines, (decline) => decline.cardNumber === cardNumber);
}
