import { randomUUID } from "node:crypto";
import { signUp } from "../../stack/users.ts";
import { placeOrder } from "./buyer.ts";
import type { ChaosStack } from "./chaos-stack.ts";
import { check } from "./check.ts";
import { checkStoriesOfMess } from "./check-stories.ts";
import { cutName } from "./cutter.ts";
import { heal } from "./heal.ts";
import { breakHook, countRaised } from "./hook.ts";
import { faultName, type Plan, type Step } from "./plan.ts";
import { planRun } from "./plan-run.ts";
import { findPayment, type RunState } from "./run-state.ts";
import { doStep, TAMPERED_BY } from "./steps.ts";
import { timeline } from "./timeline.ts";
import type { Violation } from "./verdict.ts";
import { workWhile } from "./worker.ts";

/** How one run went. */
export interface RunResult {
  plan: Plan;
  violations: Violation[];
  /** What really went wrong on purpose, one name for each time. */
  faults: string[];
  /** What buyers were told, `<status> <result>`, in order. */
  answers: string[];
  /** What operators and buyers were told about refunds, likewise. */
  refundAnswers: string[];
  /** What buyers were told who wanted a virtual account, likewise. */
  issueAnswers: string[];
  /** What operators were told about cash receipts, likewise. */
  receiptAnswers: string[];
  /** What buyers and operators were told about withdrawals, likewise. */
  withdrawalAnswers: string[];
  /** What Toss did in the end. */
  atToss: {
    refunds: number;
    accounts: number;
    deposits: number;
    receipts: number;
  };
  /** Status codes that Toss was answered for webhooks. */
  webhookAnswers: number[];
  /** Filled when something is violated. */
  timeline: string[];
  milliseconds: number;
}

async function openOrders(state: RunState): Promise<void> {
  const { chaos, plan, run } = state;
  for (const orderPlan of plan.orders) {
    const buyer = orderPlan.isOwned ? state.buyer : null;
    const placed = await placeOrder(chaos, orderPlan, run, buyer);
    const paymentKeys = orderPlan.payments.map((payment) => {
      const amount = placed.amount - (payment.isTampered ? TAMPERED_BY : 0);
      const { paymentKey } = chaos.simulator.createPayment({
        orderId: placed.orderId,
        amount,
        authenticated: payment.isAuthenticated,
        clientKey: placed.clientKey,
      });
      if (payment.decline !== null) {
        chaos.simulator.decline(paymentKey, payment.decline);
      }
      return paymentKey;
    });
    state.orders.push({ ...placed, paymentKeys });
  }
}

function plantFaults(state: RunState): void {
  const { simulator } = state.chaos;
  for (const planned of state.plan.faults) {
    // The payment of a virtual account does not exist yet: it may meet any.
    const payment = findPayment(state, planned);
    const target = payment ? { paymentKey: payment.paymentKey } : {};
    if (planned.kind === "toss") {
      simulator.addFault({ ...planned.fault, ...target });
    } else {
      simulator.addWebhookKnob({ ...planned.knob, ...target });
    }
  }
}

function countOf(planned: { count?: number | "always" | undefined }): number {
  return typeof planned.count === "number" ? planned.count : 1;
}

/** Names the faults that met something and takes away the others. */
function clearFaults({ chaos, plan }: RunState): string[] {
  const { simulator, cutter } = chaos;
  const left = new Map<string, number>();
  const add = (name: string, count: number) =>
    left.set(name, (left.get(name) ?? 0) + count);
  const target = { order: 0, payment: 0 };
  for (const fault of simulator.faults()) {
    add(faultName({ kind: "toss", fault, ...target }), countOf(fault));
  }
  for (const knob of simulator.webhookKnobs()) {
    add(faultName({ kind: "webhook", knob, ...target }), countOf(knob));
  }
  const planned = plan.faults.flatMap((fault) => {
    const count = countOf(fault.kind === "toss" ? fault.fault : fault.knob);
    return Array.from({ length: count }, () => faultName(fault));
  });
  const met = planned.filter((name) => {
    const count = left.get(name) ?? 0;
    left.set(name, count - 1);
    return count <= 0;
  });
  simulator.clearFaults();
  simulator.clearWebhookKnobs();
  const restarts = plan.moments.flat()
    .flatMap((step) => step.kind === "restart" ? [step] : [])
    .map(({ crash }) => `Postgres ${crash ? "killed" : "restarted"}`);
  return [...met, ...cutter.disarm().map(cutName), ...restarts];
}

/**
 * Everything of one moment at once. Whoever waits for the turn or for the
 * answer of somebody else is helped by the worker, as by pg_cron.
 */
async function doMoment(state: RunState, moment: Step[]): Promise<void> {
  const done = Promise.all(moment.map((step) => doStep(state, step)));
  const mayWait = moment.some(({ kind }) =>
    kind === "refund" || kind === "issue" || kind === "receipt" ||
    kind === "decide"
  );
  if (mayWait) await workWhile(state.chaos, done);
  await done;
}

function toldAs({ status, result }: { status: number | null; result: string }) {
  return `${status} ${result}`;
}

function countAtToss(state: RunState): RunResult["atToss"] {
  const ids = new Set(state.orders.map(({ orderId }) => orderId));
  const books = state.chaos.simulator.books()
    .filter(({ orderId }) => ids.has(orderId));
  const accounts = books.filter(({ virtualAccount }) =>
    virtualAccount !== null
  );
  return {
    refunds: books.reduce((sum, { cancels }) => sum + cancels.length, 0),
    accounts: accounts.length,
    deposits: accounts.filter(({ approvals }) => approvals > 0).length,
    receipts: state.chaos.simulator.cashReceipts()
      .filter(({ orderId, transactionType }) =>
        ids.has(orderId) && transactionType === "CONFIRM"
      ).length,
  };
}

/**
 * Runs one plan on a shared stack: orders, payments, faults, then healing and
 * every comparison. Leaves nothing open for the next run.
 */
async function runPlan(
  chaos: ChaosStack,
  plan: Plan,
): Promise<RunResult> {
  const startedAt = performance.now();
  const since = chaos.simulator.now();
  const firstAnswer = chaos.webhookAnswers.length;
  const state: RunState = {
    chaos,
    plan,
    run: `${plan.seed}-${randomUUID()}`,
    buyer: plan.orders.some(({ isOwned }) => isOwned)
      ? await signUp(chaos)
      : null,
    orders: [],
    answers: [],
    refundAnswers: [],
    issueAnswers: [],
    receiptAnswers: [],
    withdrawalAnswers: [],
    firstAccepted: chaos.acceptedWebhooks.length,
  };
  const raisedBefore = await countRaised(chaos);
  await breakHook(state, plan.hook);
  chaos.cutter.arm(plan.cuts);
  await openOrders(state);
  plantFaults(state);
  for (const moment of plan.moments) {
    await doMoment(state, moment);
  }
  const faults = clearFaults(state);
  const mistold = await checkStoriesOfMess(state);
  const unfinished = await heal(state);
  const raised = await countRaised(chaos) - raisedBefore;
  const violations: Violation[] = [
    ...mistold,
    ...unfinished.map((text): Violation => ({ kind: "stuck", text })),
    ...await check(state),
  ];
  return {
    plan,
    violations,
    faults: [
      ...faults,
      ...Array<string>(raised).fill(`order hook: ${plan.hook.raises}`),
    ],
    answers: state.answers.map(toldAs),
    refundAnswers: state.refundAnswers.map(toldAs),
    issueAnswers: state.issueAnswers.map(toldAs),
    receiptAnswers: state.receiptAnswers.map(toldAs),
    withdrawalAnswers: state.withdrawalAnswers.map(toldAs),
    atToss: countAtToss(state),
    webhookAnswers: chaos.webhookAnswers.slice(firstAnswer),
    timeline: violations.length > 0 ? await timeline(state, since) : [],
    milliseconds: performance.now() - startedAt,
  };
}

/** Runs what follows from a seed. */
export async function runSeed(
  chaos: ChaosStack,
  seed: number,
): Promise<RunResult> {
  return await runPlan(chaos, planRun(seed));
}

/** Everything needed to understand and repeat a run that went wrong. */
export function describeRun(result: RunResult): string {
  const { plan, violations } = result;
  return [
    `seed ${plan.seed}: ${violations.length} violation(s)`,
    ...violations.map(({ kind, text }) => `  ${kind}: ${text}`),
    `plan ${JSON.stringify(plan)}`,
    `happened ${JSON.stringify(result.faults)}`,
    ...result.timeline.map((line) => `  ${line}`),
    `again: deno task prove chaos --seed ${plan.seed}`,
  ].join("\n");
}
