import type { Step } from "../../proofs/subscriptions/steps.ts";

const answered = { fate: "answered", kill: null } as const;
const lost = { fate: "lost", kill: null } as const;

/** Lives in which the project and the model once differed, as short as they got. */
export const LIVES: Record<string, readonly Step[]> = {
  "a card is registered for two debts, and one answer is lost": [
    { do: "register", plan: "extra", ...answered },
    { do: "subscribe", plan: "extra2", card: 0, ...answered },
    { do: "remove", card: 0 },
    { do: "wait_for_event", outage: false, kill: null },
    { do: "register", plan: null, ...lost },
  ],
  "an upgrade is refunded when another subscription has the plan before it": [
    { do: "register", plan: "extra", ...answered },
    { do: "change_plan", subscription: 0, plan: "extra2", ...lost },
    { do: "wait_for_event", outage: false, kill: null },
    { do: "subscribe", plan: "extra", card: 0, ...answered },
    { do: "wait_for_event", outage: false, kill: null },
    { do: "refund", payment: 1, amount: null },
  ],
  "cancel_now dies between two refunds": [
    { do: "register", plan: "trial", ...answered },
    { do: "wait_for_event", outage: false, kill: null },
    { do: "change_plan", subscription: 0, plan: "pro", ...answered },
    {
      do: "cancel_now",
      subscription: 0,
      prorated: true,
      fate: "answered",
      kill: 8,
    },
    { do: "wait_for_event", outage: false, kill: null },
  ],
  "a debt's request is lost, and no job runs for longer than a key is good": [
    { do: "register", plan: "pro", ...answered },
    { do: "card", card: 0, behaviour: "soft" },
    { do: "wait", time: 3_888_000_000, outage: true },
    { do: "register", plan: null, fate: "unsent", kill: null },
    { do: "wait", time: 3_888_000_000, outage: true },
  ],
  "a price was shown more than a day ago": [
    { do: "register", plan: "extra2", ...answered },
    { do: "refund", payment: 0, amount: null },
    { do: "price", plan: "extra2", price: 1 },
    { do: "wait", time: 90_000_000, outage: false },
    { do: "subscribe", plan: "extra2", card: 0, ...answered },
  ],
  "a registration dies, and the worker that takes it up dies too": [
    { do: "register", plan: "weekly", ...answered },
    { do: "card", card: 0, behaviour: "hard" },
    { do: "wait_for_event", outage: false, kill: null },
    { do: "register", plan: "archive", fate: "answered", kill: 5 },
    { do: "wait_for_event", outage: false, kill: 9, job: "operations" },
  ],
  "cancel_now dies when its refund is made, and is asked for again": [
    { do: "register", plan: "weekly", ...answered },
    {
      do: "cancel_now",
      subscription: 0,
      prorated: true,
      fate: "answered",
      kill: 6,
    },
    { do: "cancel_now", subscription: 2, prorated: true, ...answered },
    { do: "wait_for_event", outage: false, kill: null },
  ],
};

/** The same, where the shop keeps who has not paid as `past_due`. */
export const LIVES_WITH_DEBTS_KEPT: Record<string, readonly Step[]> = {
  "a registration dies before it charges a debt whose access was withdrawn": [
    { do: "register", plan: "weekly", ...answered },
    { do: "remove", card: 0 },
    { do: "wait_for_event", outage: false, kill: null },
    { do: "wait_for_event", outage: false, kill: null },
    { do: "register", plan: null, fate: "answered", kill: 5 },
    { do: "wait_for_event", outage: false, kill: null },
  ],
};
