import type { Unit } from "./calendar.ts";

/** A plan as the shop sells it. */
export interface Plan {
  id: string;
  price: number;
  unit: Unit;
  count: number;
  trialDays: number;
  group: string | null;
  /** What happens to periods that nobody charged in time. */
  catchUp: "current" | "all";
}

/** What a card answers when it is charged. */
export type Behaviour = "ok" | "soft" | "hard" | "limit";

/** A card or bank account of the user, named by the order of registration. */
export interface Card {
  isAccount: boolean;
  behaviour: Behaviour;
  isRemoved: boolean;
  /** Whether its key is gone at Toss, and the shop has not heard of it. */
  isGone: boolean;
  registeredAt: number;
  removedAt: number;
}

/** Time in which there is access to a plan. */
export interface Span {
  plan: string;
  from: number;
  to: number;
  /** The payment that gives it; null for a trial, and on credit. */
  payment: Payment | null;
}

/** Money that Toss took. The amount of an upgrade depends on the moment, hence two limits. */
export interface Payment {
  /** Toss's name for it; null until it was seen. */
  paymentKey: string | null;
  least: number;
  most: number;
  refunded: number;
  /** What the worker will give back. */
  promised: number;
  /** Whether it went back at Toss, and the shop does not know yet. */
  isUnproven: boolean;
  /** Null until the shop knows of it, and for what paid for nothing. */
  period: number | null;
  from: number;
  to: number;
  plan: Plan;
  /** The plan that an upgrade has replaced. */
  earlier: Plan | null;
}

/** An amount that is, or was, charged. */
export interface Charge {
  kind: "start" | "renewal" | "upgrade";
  plan: Plan;
  least: number;
  most: number;
  period: number;
  from: number;
  to: number;
  /** Day zero of dunning. */
  declinedSince: number | null;
  earlier: Plan | null;
}

/** A charge whose answer the shop does not know. */
export interface OpenCharge extends Charge {
  card: number;
  begunAt: number;
  /** What happened at Toss; null: nothing arrived. Of a key that is gone Toss keeps no record. */
  truth: Payment | Exclude<Behaviour, "ok"> | "gone" | null;
}

/** One subscription as docs/subscriptions.md describes it. */
export interface Subscription {
  /** The database's name for it; null until it was seen. */
  id: string | null;
  plan: Plan;
  status: "trialing" | "active" | "past_due" | "canceled";
  card: number;
  needsCard: boolean;
  methodChangedAt: number;
  anchor: number;
  anchorPeriod: number;
  period: number;
  from: number;
  to: number;
  hasNotice: boolean;
  next: Plan | null;
  debt: (Charge & { nextAt: number | null; graceEnd: number }) | null;
  open: OpenCharge | null;
  spans: Span[];
  payments: Payment[];
  /** When the last upgrade began that was declined. */
  declinedUpgradeAt: number;
  /** Of one that `cancel_now` has ended: whether a paid period ran, and whether its rest was asked for. */
  canceledNow: { at: number; isRunning: boolean; isRefunded: boolean } | null;
}

/** A registration whose answer the shop does not know; its own worker has it. */
export interface OpenRegistration {
  isAccount: boolean;
  plan: Plan | null;
  begunAt: number;
}

/** What the shop does when nobody has paid to the end of the grace. */
export type FinalAction = "cancel" | "keep_past_due";

/** Everything about one user. */
export interface Model {
  finalAction: FinalAction;
  /** Of plans whose price the shop has changed. */
  prices: Record<string, number>;
  /** What a plan cost when the user was shown it last. */
  shown: Record<string, { price: number; at: number }>;
  registrations: OpenRegistration[];
  cards: Card[];
  subscriptions: Subscription[];
  /** First periods whose answer is not known. */
  starts: OpenCharge[];
  /** All that Toss took. */
  payments: Payment[];
  /** When something reached Toss that counts for the limit. */
  attempts: number[];
  hadTrial: string[];
}

export const PLANS = [
  {
    id: "basic",
    price: 10_000,
    unit: "month",
    count: 1,
    trialDays: 0,
    group: "main",
    catchUp: "current",
  },
  {
    id: "plus",
    price: 10_090,
    unit: "month",
    count: 1,
    trialDays: 0,
    group: "main",
    catchUp: "current",
  },
  {
    id: "pro",
    price: 25_000,
    unit: "month",
    count: 1,
    trialDays: 0,
    group: "main",
    catchUp: "current",
  },
  {
    id: "trial",
    price: 12_000,
    unit: "month",
    count: 1,
    trialDays: 7,
    group: "main",
    catchUp: "current",
  },
  {
    id: "weekly",
    price: 3_300,
    unit: "week",
    count: 1,
    trialDays: 0,
    group: "main",
    catchUp: "current",
  },
  {
    id: "daily",
    price: 1_000,
    unit: "day",
    count: 3,
    trialDays: 0,
    group: "main",
    catchUp: "current",
  },
  {
    id: "gold",
    price: 31_000,
    unit: "month",
    count: 1,
    trialDays: 0,
    group: "main",
    catchUp: "all",
  },
  {
    id: "archive",
    price: 2_200,
    unit: "week",
    count: 1,
    trialDays: 0,
    group: null,
    catchUp: "all",
  },
  {
    id: "extra",
    price: 7_700,
    unit: "month",
    count: 2,
    trialDays: 0,
    group: null,
    catchUp: "current",
  },
  {
    id: "extra2",
    price: 9_900,
    unit: "month",
    count: 2,
    trialDays: 0,
    group: null,
    catchUp: "current",
  },
] as const satisfies readonly Plan[];

/** The plan of that name, as it is sold now. */
export function planOf(model: Pick<Model, "prices">, id: string): Plan {
  const plan = PLANS.find((one) => one.id === id);
  if (plan === undefined) throw new RangeError(`no plan ${id}`);
  return { ...plan, price: model.prices[id] ?? plan.price };
}

/** A user who has nothing yet. */
export function emptyModel(finalAction: FinalAction): Model {
  return {
    finalAction,
    prices: {},
    shown: {},
    registrations: [],
    cards: [],
    subscriptions: [],
    starts: [],
    payments: [],
    attempts: [],
    hadTrial: [],
  };
}
