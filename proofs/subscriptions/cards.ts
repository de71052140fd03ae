import type { Behaviour, Model } from "./state.ts";

/** Whether a card can be charged. */
export function isUsable(model: Model, card: number): boolean {
  return model.cards[card]?.isRemoved === false;
}

/** What a card answers. */
export function answerOf(model: Model, card: number): Behaviour | "gone" {
  const { isGone, behaviour } = model.cards[card] ??
    { isGone: true, behaviour: "ok" as const };
  return isGone ? "gone" : behaviour;
}

/** The newest card that can be charged, of those registered since a time. */
export function newestSince(model: Model, time: number): number | null {
  for (let card = model.cards.length - 1; card >= 0; card--) {
    const { registeredAt } = model.cards[card] ?? { registeredAt: -1 };
    if (registeredAt >= time && isUsable(model, card)) return card;
  }
  return null;
}
