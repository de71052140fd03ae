/** A card number whose approvals are declined. */
export interface CardDecline {
  cardNumber: string;
  code: string;
  /** How many approvals are still declined. */
  count: number | "always";
}

/** Takes the decline that waits for `cardNumber`, and counts it down. */
export function takeCardDecline(
  declines: CardDecline[],
  cardNumber: string,
): string | undefined {
  const index = declines.findIndex((decline) =>
    decline.cardNumber === cardNumber
  );
  const decline = declines[index];
  if (decline === undefined) return undefined;
  if (decline.count !== "always") {
    decline.count -= 1;
    if (decline.count === 0) declines.splice(index, 1);
  }
  return decline.code;
}
