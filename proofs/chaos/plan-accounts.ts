import { ACCOUNT_EXPIRIES } from "../../simulator/options.ts";
import type {
  OrderPlan,
  PaymentRef,
  PlannedFault,
  RefundPlan,
  Step,
} from "./plan.ts";
import {
  type CutPoint,
  planRefused,
  planTossFault,
  planUnknown,
} from "./plan-faults.ts";
import { atTheSameTime, planGivingBack } from "./plan-refunds.ts";
import {
  delayReversal,
  delayWebhooks,
  loseDeposit,
  planWebhookFault,
} from "./plan-webhooks.ts";
import type { Random } from "../support/random.ts";
import { planPause, type Story } from "./story.ts";

const HOUR_SECONDS = 3600;

/** One order with a virtual account, and what happens to it. */
interface AccountScene {
  random: Random;
  order: number;
  plan: OrderPlan;
  refunds: RefundPlan[];
  faults: PlannedFault[];
}

function planOrder(random: Random): OrderPlan {
  const goods = random.pick(
    ["chaos-unlimited", "chaos-limited", "chaos-pass"] as const,
  );
  return {
    goods,
    quantity: goods === "chaos-pass" ? 1 : random.integer(1, 3),
    payments: [],
    account: {
      bank: random.pick(["20", "81", "88"]),
      validHours: random.pick([1, 24]),
      expiry: random.pick(ACCOUNT_EXPIRIES),
      isDated: random.chance(0.7),
      hasReceipt: false,
      isEscrow: random.chance(0.2),
    },
    isOwned: goods === "chaos-pass" || random.chance(0.5),
  };
}

function refOf({ order }: AccountScene): PaymentRef {
  return { order, payment: 0 };
}

function deposit({ order }: AccountScene): Step {
  return { kind: "deposit", order };
}

function giveUp(scene: AccountScene): Step {
  const { random, refunds, plan } = scene;
  const caller = plan.isOwned && random.chance(0.6) ? "buyer" : "operator";
  const refund = refunds.push({
    ...refOf(scene),
    percent: null,
    hasAccount: false,
    caller,
  }) - 1;
  const copies = random.chance(0.7) ? 1 : random.integer(2, 3);
  return { kind: "refund", refund, copies, isAltered: false, by: "orderId" };
}

function giveBack(scene: AccountScene): Step[][] {
  const { random, refunds } = scene;
  // Without an account Toss is not even asked.
  const hasAccount = random.chance(0.85);
  return planGivingBack(random, refOf(scene), hasAccount, refunds);
}

function paid(scene: AccountScene): Step[][] {
  return [[deposit(scene)], ...planPause(scene.random)];
}

function takenBack(scene: AccountScene): Step[][] {
  const { random, order } = scene;
  if (random.chance(0.4)) scene.faults.push(delayReversal(refOf(scene)));
  return [
    ...paid(scene),
    [{ kind: "reverse", order }],
    ...planPause(random),
  ];
}

function givenUpAtToss(scene: AccountScene): Step[][] {
  return [[{ kind: "cancel", share: "full", ...refOf(scene) }]];
}

function givenUp(scene: AccountScene): Step[][] {
  return [[giveUp(scene)], ...planPause(scene.random), [deposit(scene)]];
}

function paidWhileGivenUp(scene: AccountScene): Step[][] {
  return [[giveUp(scene), deposit(scene)]];
}

function tooLate(scene: AccountScene): Step[][] {
  const { random, plan } = scene;
  // With Toss's last word, half an hour later, or before it.
  const late = random.pick([60, 2400]);
  const seconds = (plan.account?.validHours ?? 1) * HOUR_SECONDS + late;
  const moments: Step[][] = [
    [{ kind: "advance", seconds }],
    [{ kind: "work", job: "expiry", copies: 2 }],
  ];
  return random.chance(0.6) ? [...moments, ...paid(scene)] : moments;
}

function lost(scene: AccountScene): Step[][] {
  scene.faults.push(loseDeposit(refOf(scene)));
  return paid(scene);
}

const LIVES: readonly ((scene: AccountScene) => Step[][])[] = [
  paid,
  (scene) => [...paid(scene), ...giveBack(scene)],
  (scene) => [...paid(scene), ...giveBack(scene)],
  takenBack,
  (scene) => [...takenBack(scene), ...giveBack(scene)],
  (scene) => [...takenBack(scene), ...paid(scene)],
  (scene) => [...takenBack(scene), ...paid(scene), ...giveBack(scene)],
  (scene) => [...takenBack(scene), [giveUp(scene)]],
  (scene) => [...takenBack(scene), ...givenUpAtToss(scene)],
  givenUpAtToss,
  givenUp,
  paidWhileGivenUp,
  tooLate,
  (scene) => [...tooLate(scene), ...giveBack(scene)],
  lost,
  (scene) => [...lost(scene), ...giveBack(scene)],
];

function planFaults({ random, ...scene }: AccountScene): PlannedFault[] {
  const target = { order: scene.order, payment: 0 };
  const faults: PlannedFault[] = [];
  if (random.chance(0.4)) faults.push(planTossFault(random, target, "issue"));
  if (random.chance(0.3)) faults.push(planTossFault(random, target, "cancel"));
  if (random.chance(0.2)) faults.push(planTossFault(random, target, "query"));
  if (random.chance(0.4)) faults.push(delayWebhooks(random, target));
  else if (random.chance(0.3)) faults.push(planWebhookFault(random, target));
  return faults;
}

function planLife(scene: AccountScene, point: CutPoint | null): Step[][] {
  const { random, order, faults } = scene;
  const target = refOf(scene);
  if (point?.needs === "refusal") {
    faults.push(planRefused(random, target, "issue"));
  }
  if (point?.needs === "fault" || point?.needs === "operations") {
    faults.push(planUnknown(random, target, "issue"));
  }
  faults.push(...planFaults(scene));
  const issue = (): Step => ({
    kind: "issue",
    order,
    copies: random.chance(0.6) ? 1 : random.integer(2, 4),
  });
  return [
    [issue()],
    ...planPause(random),
    // The buyer looks up the account again, or tries again.
    ...random.chance(0.6) ? [[issue()]] : [],
    ...random.pick(LIVES)(scene),
    ...random.chance(0.2) ? [[issue()]] : [],
  ];
}

/** Buyers who pay by transfer, or do not, and what is given back to them. */
export function planAccounts(random: Random, point: CutPoint | null): Story {
  const orders = Array.from(
    { length: random.chance(0.7) ? 1 : 2 },
    () => planOrder(random),
  );
  const refunds: RefundPlan[] = [];
  const faults: PlannedFault[] = [];
  const stories = orders.map((plan, order) =>
    planLife({ random, order, plan, refunds, faults }, point)
  );
  return { orders, refunds, faults, moments: atTheSameTime(stories) };
}
