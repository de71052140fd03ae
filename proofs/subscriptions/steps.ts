import type { Random } from "../support/random.ts";
import { DAY, HOUR, MINUTE } from "./calendar.ts";
import type { Fate } from "./charges.ts";
import { type Behaviour, PLANS } from "./state.ts";

/** What becomes of Toss's next answer to a charge, and after how many calls the process is killed; null: it lives. */
export interface Misfortune {
  fate: Fate;
  kill: number | null;
}

/** One thing that happens; which subscription, card or payment it concerns is counted among those there are. */
export type Step =
  /** `price`: the plan costs that many steps more once it was shown; null or absent: as before. */
  | (
    & {
      do: "register";
      plan: string | null;
      price?: number | null;
      /** Whether a bank account is registered instead of a card. */
      isAccount?: boolean;
    }
    & Misfortune
  )
  | ({ do: "subscribe"; plan: string; card: number } & Misfortune)
  | { do: "notice"; subscription: number; kill?: number | null }
  | { do: "resume"; subscription: number; kill?: number | null }
  | ({ do: "cancel_now"; subscription: number; prorated: boolean } & Misfortune)
  | ({ do: "change_plan"; subscription: number; plan: string } & Misfortune)
  | ({ do: "change_method"; subscription: number; card: number } & Misfortune)
  | ({ do: "retry"; subscription: number } & Misfortune)
  | { do: "remove"; card: number; kill?: number | null }
  | { do: "key_gone"; card: number; isHeard: boolean }
  | { do: "price"; plan: string; price: number }
  | { do: "card"; card: number; behaviour: Behaviour }
  | { do: "refund"; payment: number; amount: number | null }
  | { do: "wait"; time: number; outage: boolean }
  | { do: "wait_for_event"; outage: boolean; kill: number | null; job?: Job };

/** The jobs that may be killed. */
export type Job = "billing" | "operations";

const BEHAVIOURS: readonly Behaviour[] = [
  "ok",
  "ok",
  "ok",
  "soft",
  "hard",
  "limit",
];
const FATES: readonly Fate[] = [
  ...Array<Fate>(5).fill("answered"),
  "lost",
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
  [3, "register"],
  [8, "subscribe"],
  [2, "notice"],
  [2, "resume"],
  [2, "cancel_now"],
  [7, "change_plan"],
  [3, "change_method"],
  [3, "retry"],
  [1, "remove"],
  [5, "card"],
  [1, "key_gone"],
  [2, "price"],
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
  const kill = random.chance(0.12) ? random.integer(0, 11) : null;
  const misfortune = {
    fate: kill === null ? random.pick(FATES) : "answered" as const,
    kill,
  };
  const plan = random.pick(PLANS).id;
  switch (kind) {
    case "register":
      return {
        do: kind,
        plan: random.chance(0.5) ? plan : null,
        price: random.chance(0.3) ? random.integer(0, 3) : null,
        isAccount: random.chance(0.4),
        ...misfortune,
        // A registration goes a long way.
        kill: kill === null ? null : kill + random.integer(0, 6),
      };
    case "subscribe":
      return { do: kind, plan, card, ...misfortune };
    case "cancel_now":
      return {
        do: kind,
        subscription,
        prorated: random.chance(0.5),
        ...misfortune,
        fate: "answered",
      };
    case "change_plan":
      return { do: kind, subscription, plan, ...misfortune };
    case "change_method":
      return { do: kind, subscription, card, ...misfortune };
    case "retry":
      return { do: kind, subscription, ...misfortune };
    case "remove":
      return { do: kind, card, kill };
    case "card":
      return { do: kind, card, behaviour: random.pick(BEHAVIOURS) };
    case "refund": {
      const amount = random.chance(0.3) ? random.integer(1, 3) * 500 : null;
      return { do: kind, payment: random.integer(0, 5), amount };
    }
    case "wait":
      return { do: kind, time: random.pick(TIMES), outage: random.chance(0.3) };
    case "wait_for_event":
      return {
        do: kind,
        outage: random.chance(0.1),
        kill,
        job: random.chance(0.3) ? "operations" : "billing",
      };
    case "key_gone":
      return { do: kind, card, isHeard: random.chance(0.5) };
    case "price":
      return { do: kind, plan, price: random.integer(0, 3) };
    default:
      return { do: kind, subscription, kill };
  }
}

/** A life that begins with a card and a subscription, of that many steps. */
export function makeSteps(random: Random, count: number): Step[] {
  const first: Step = {
    do: "register",
    plan: random.pick(PLANS).id,
    fate: "answered",
    kill: null,
  };
  return [
    first,
    ...Array.from(
      { length: count - 1 },
      () => stepOf(random.pick(WEIGHTED), random),
    ),
  ];
}
