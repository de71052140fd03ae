import { proveOnce } from "../../proofs/billing/prove-once.ts";
import { stormTable } from "../../proofs/billing/table.ts";
import { cashReceipt } from "./cash-receipt.ts";
import { decline } from "./decline.ts";
import { events } from "./events.ts";
import { keyPairs } from "./key-pairs.ts";
import { lostAnswer } from "./lost-answer.ts";
import { notices } from "./notices.ts";
import { ownPrices } from "./own-prices.ts";
import { pass } from "./pass.ts";
import { purchase } from "./purchase.ts";
import { reconciliation } from "./reconciliation.ts";
import { refund } from "./refund.ts";
import { grouped } from "./scene.ts";
import { openShop } from "./shop.ts";
import { story } from "./story.ts";
import { subscriber } from "./subscriber.ts";
import { virtualAccount } from "./virtual-account.ts";
import {
  SIMULATOR_BILLING_KEYS,
  SIMULATOR_KEYS,
  SIMULATOR_WIDGET_KEYS,
} from "../../simulator/options.ts";
import { withdrawal } from "./withdrawal.ts";
import { startStack } from "../../stack/stack.ts";

const SCENES = [
  purchase,
  pass,
  decline,
  lostAnswer,
  refund,
  withdrawal,
  virtualAccount,
  cashReceipt,
  ownPrices,
  reconciliation,
  story,
  events,
  subscriber,
  keyPairs,
  notices,
];

/** One project with a pair for each purpose, as most contracts are. */
const KEY_PAIRS = {
  TOSS_SECRET_KEY: SIMULATOR_KEYS.secretKey,
  TOSS_CLIENT_KEY: SIMULATOR_KEYS.clientKey,
  TOSS_WIDGET_SECRET_KEY: SIMULATOR_WIDGET_KEYS.secretKey,
  TOSS_WIDGET_CLIENT_KEY: SIMULATOR_WIDGET_KEYS.clientKey,
  TOSS_BILLING_SECRET_KEY: SIMULATOR_BILLING_KEYS.secretKey,
  TOSS_BILLING_CLIENT_KEY: SIMULATOR_BILLING_KEYS.clientKey,
};

/** The local Data API prints a stack trace for each caller that is killed in the middle of a request. */
async function withoutErrorLines<Value>(
  body: () => Promise<Value>,
): Promise<Value> {
  const print = console.error;
  console.error = () => {};
  try {
    return await body();
  } finally {
    console.error = print;
  }
}

/** Overlapping, killed runs that lose answers, next to a naive loop, on a stack of their own. */
async function chargeInAStorm(): Promise<boolean> {
  const plan = {
    seed: 1,
    subscribers: 40,
    runners: 8,
    months: 1,
    withSingleLoop: false,
  };
  const { naive, billingCharge, verdict } = await withoutErrorLines(() =>
    proveOnce(plan)
  );
  console.log(
    `\n${plan.subscribers} subscriptions are due: ${plan.runners} overlapping runs, SIGKILL, 5 % of the answers lost ` +
      `겹친 실행\n`,
  );
  console.log(
    stormTable([["a naive loop", naive], ["billing-charge", billingCharge]])
      .replace(/^/gm, "  "),
  );
  for (const problem of verdict.problems) console.log(`  ✗ ${problem}`);
  return verdict.problems.length === 0 &&
    billingCharge.count.charges === plan.subscribers &&
    billingCharge.count.doubleCharged === 0;
}

async function play(): Promise<boolean> {
  const startedAt = performance.now();
  const seconds = () => ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log("Starting Postgres, the API, the functions and Toss …");
  const stack = await startStack({
    dbDir: null,
    environment: { ...KEY_PAIRS, WEBHOOK_ALLOW_PRIVATE: "on" },
    notices: true,
  });
  let isAllRight = true;
  try {
    const shop = await openShop(stack);
    console.log(`Ready after ${seconds()} s. Everything below really happens.`);
    for (const scene of SCENES) {
      console.log(`\n${scene.title}`);
      for (const { what, result, isExpected } of await scene.play(shop)) {
        console.log(`  ${isExpected ? "✓" : "✗"} ${what.padEnd(42)} ${result}`);
        isAllRight &&= isExpected;
      }
    }
    isAllRight &&= await chargeInAStorm();
    const violations = await stack.sql<
      { invariant: string; subject: string; detail: string }[]
    >`select * from public.invariant_violations()`;
    const [stored] = await stack.sql`
      select coalesce(sum(balance_amount), 0)::bigint as total
      from public.payments
      where status in ('DONE', 'PARTIAL_CANCELED')`;
    const taken = shop.toss.books()
      .reduce(
        (total, book) => total + book.takenAmount - book.canceledAmount,
        0,
      );
    console.log("\nThe books 장부");
    console.log(`  money Toss holds for us   ${grouped(taken)} KRW`);
    console.log(`  money our database knows  ${grouped(stored?.total)} KRW`);
    console.log(`  violated invariants       ${violations.length}`);
    for (const { invariant, subject, detail } of violations) {
      console.log(`    ${invariant} ${subject}: ${detail}`);
    }
    isAllRight &&= violations.length === 0 && Number(stored?.total) === taken;
  } finally {
    await stack.stop();
  }
  console.log(
    isAllRight
      ? `\nAll as it should be, in ${seconds()} s.`
      : "\nSomething is not as it should be; see the lines marked ✗.",
  );
  return isAllRight;
}

/** Plays it; 0 when everything went as it should. */
export async function run(): Promise<number> {
  return await play() ? 0 : 1;
}
