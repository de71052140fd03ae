import type { Random } from "../../tests/chaos/random.ts";
import { DAY, HOUR, MINUTE } from "./calendar.ts";
import type { Fate } from "./charges.ts";
import { type Behaviour, PLANS } from "./state.ts";

/** One thing that happens; which subscription, card or payment it concerns is counted modulo those there are. */
export type Step =
  | { do: "register"; plan: string | null; fate: Fate }
  | { do: "subscribe"; plan: string; card: number; fate: Fate }
  | { do: "notice"; subscription: number }
  | { do: "resume"; subscription: number }
  | { do: "cancel_now"; subscription: number; prorated: boolean }
  | { do: "change_plan"; subscription: number; plan: string; fate: Fate }
  | { do: "change_method"; subscription: number; card: number; fate: Fate }
  | { do: "retry"; subscription: number; fate: Fate }
  | { do: "remove"; card: number }
  | { do: "card"; card: number; behaviour: Behaviour }
  | { do: "refund"; payment: number; amount: number | null }
  | { do: "wait"; time: number; outage: boolean }
  | { do: "wait_for_event"; outage: boolean };

const BEHAVIOURS: readonly Behaviour[] = [
  "ok",
  "ok",
  "ok",
  "soft",
  "hard",
  "limit",
];
const FATES: readonly Fate[] = [
  ...Array<Fate>(6).fill("answered"),
  "lost",
  "unsent",
];
const TIMES = [
  6 * MINUTE,
  40 * MINUTE,
  HOUR,
  DAY,
  2 * DAY,
  8 * DAY,
  20 * DAY,
  45 * DAY,
];
const KINDS: readonly (readonly [number, Step["do"]])[] = [
  [2, "register"],
  [5, "subscribe"],
  [2, "notice"],
  [2, "resume"],
  [1, "cancel_now"],
  [7, "change_plan"],
  [3, "change_method"],
  [3, "retry"],
  [1, "remove"],
  [5, "card"],
  [4, "refund"],
  [5, "wait"],
  [9, "wait_for_event"],
];
const WEIGHTED = KINDS.flatMap(([weight, kind]) =>
  Array<Step["do"]>(weight).fill(kind)
);

function stepOf(kind: Step["do"], random: Random): Step {
  const subscription = random.integer(0, 3);
  const card = random.integer(0, 3);
  const fate = random.pick(FATES);
  const plan = random.pick(PLANS).id;
  switch (kind) {
    case "register":
      return { do: kind, plan: random.chance(0.5) ? plan : null, fate };
    case "subscribe":
      return { do: kind, plan, card, fate };
    case "cancel_now":
      return { do: kind, subscription, prorated: random.chance(0.5) };
    case "change_plan":
      return { do: kind, subscription, plan, fate };
    case "change_method":
      return { do: kind, subscription, card, fate };
    case "retry":
      return { do: kind, subscription, fate };
    case "remove":
      return { do: kind, card };
    case "card":
      return { do: kind, card, behaviour: random.pick(BEHAVIOURS) };
    case "refund": {
      const amount = random.chance(0.3) ? random.integer(1, 3) * 500 : null;
      return { do: kind, payment: random.integer(0, 5), amount };
    }
    case "wait":
      return { do: kind, time: random.pick(TIMES), outage: random.chance(0.3) };
    case "wait_for_event":
      return { do: kind, outage: random.chance(0.1) };
    default:
      return { do: kind, subscription };
  }
}

/** A life that begins with a card and a subscription, of that many steps. */
export function makeSteps(random: Random, count: number): Step[] {
  const first: Step = {
    do: "register",
    plan: random.pick(PLANS).id,
    fate: "answered",
  };
  return [
    first,
    ...Array.from(
      { length: count - 1 },
      () => stepOf(random.pick(WEIGHTED), random),
    ),
  ];
}
