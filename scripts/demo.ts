import process from "node:process";
import { decline } from "./demo/decline.ts";
import { lostAnswer } from "./demo/lost-answer.ts";
import { pass } from "./demo/pass.ts";
import { purchase } from "./demo/purchase.ts";
import { refund } from "./demo/refund.ts";
import { openShop } from "./demo/shop.ts";
import { subscriber } from "./demo/subscriber.ts";
import { virtualAccount } from "./demo/virtual-account.ts";
import { startStack } from "./stack/stack.ts";

const HELP = `Plays a shop's life on a stack of its own and shows what happened.

Starts Postgres, the API, the functions and a simulated Toss on free ports,
buys, declines, loses an answer, refunds, waits for deposits, lives through 14
months of a subscriber, checks every money invariant and compares the
database with Toss's books. Nothing is left behind.
Exit code 0 when everything went as it should.`;

const SCENES = [
  purchase,
  pass,
  decline,
  lostAnswer,
  refund,
  virtualAccount,
  subscriber,
];

async function play(): Promise<boolean> {
  const startedAt = performance.now();
  const seconds = () => ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log("Starting Postgres, the API, the functions and Toss …");
  const stack = await startStack({ dbDir: null });
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
    console.log(`  money Toss holds for us   ${taken} KRW`);
    console.log(`  money our database knows  ${stored?.total} KRW`);
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

if (Deno.args.includes("--help")) {
  console.log(HELP);
} else {
  process.exit(await play() ? 0 : 1);
}
