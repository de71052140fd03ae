import type { Behaviour, Model } from "./state.ts";

/** Whether a card can be charged. */
export function isUsable(model: Model, card: number): boolean {
  return model.cards[card]?.isRemoved === false;
}

/** The least that Toss takes from a card, or from an account. */
export function leastCharge(model: Model, card: number): number {
  return model.cards[card]?.isAccount === true ? 200 : 100;
}

/** What a card answers to the charge of an amount. */
export function answerOf(
  model: Model,
  card: number,
  amount: number,
): Behaviour | "gone" {
  const { isGone, behaviour } = model.cards[card] ??
    { isGone: true, behaviour: "ok" as const };
  if (isGone) return "gone";
  return amount < leastCharge(model, card) ? "hard" : behaviour;
}

/** The newest card that can be charged, of those registered since a time. */
export function newestSince(model: Model, time: number): number | null {
  for (let card = model.cards.length - 1; card >= 0; card--) {
    const { registeredAt } = model.cards[card] ?? { registeredAt: -1 };
    if (registeredAt >= time && isUsable(model, card)) return card;
  }
  return null;
}
