import assert from "node:assert/strict";
import { fencesOf } from "../../docs/support/markdown.ts";
import { readProjectFile } from "../../docs/support/pages.ts";
import { splitCommands } from "../../docs/support/split-commands.ts";
import { restoreBackup, takeBackup } from "../../support/backup.ts";
import { addPlan, change, charge, subscribe } from "../../support/billing.ts";
import { chargeRows, subscriptionRow } from "../../support/billing-rows.ts";
import { buy, confirm, placeOrder, startPurchase } from "../../support/buy.ts";
import { cancel } from "../../support/cancel.ts";
import { orderRow } from "../../support/database.ts";
import {
  issuedBy,
  payIn,
  requestAccount,
} from "../../support/issue-account.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { settleWebhooks } from "../../support/webhooks.ts";
import { advance, alignClocks } from "../../support/worker.ts";

const test = shopTests();

const DAY_SECONDS = 86_400;

/** What a command of the page is run by. */
type Run = (code: string) => Promise<unknown>;

async function inBash({ stack }: Shop, command: string): Promise<string> {
  const { code, stdout } = await new Deno.Command("bash", {
    args: ["-c", command],
    env: { FUNCTIONS_URL: stack.functionsUrl, SECRET_KEY: stack.secretKey },
  }).output();
  assert.equal(code, 0, command);
  return new TextDecoder().decode(stdout);
}

/** The page's commands one after the other; the project's own tasks are called as functions. */
async function follow(shop: Shop, page: string, backupAt: string) {
  const { stack } = shop;
  const runs: Record<string, Run> = {
    // As the page says: pg_cron knows a job by its owner.
    sql: (code) =>
      stack.sql.begin(async (sql) => {
        await sql`set local role postgres`;
        return await sql.unsafe(code).simple();
      }),
    sh: async (code) => {
      for (const command of await splitCommands(code)) {
        if (command.startsWith("curl ")) {
          const answer = JSON.parse(await inBash(shop, command));
          assert.equal(answer.remaining, 0, JSON.stringify(answer));
        } else if (command.endsWith("task toss charge")) {
          await charge(shop, {});
        } else {
          assert.match(command, /task (status|doctor|toss charge --dry-run)/);
        }
      }
    },
  };
  const outputs: unknown[] = [];
  for (const { language, code } of fencesOf(await readProjectFile(page))) {
    const run = runs[language];
    assert.ok(run, `${page}: ${language}`);
    outputs.push(await run(code.replaceAll("<backup time>", backupAt)));
  }
  return outputs;
}

async function activeJobs({ stack }: Shop): Promise<number> {
  const [row] = await stack.sql<{ jobs: number }[]>`
    select count(*)::int as jobs from cron.job
    where jobname like 'tosspayments-%' and active`;
  return row?.jobs ?? 0;
}

test("whoever follows after-a-restore.md has everything again that Toss knows", async (shop) => {
  const { stack } = shop;
  await alignClocks(shop);
  const subscriber = await subscribe(shop);
  const subscriptionId = subscriber.subscription.id;
  const { currentPeriodEnd } = subscriber.subscription;
  const wait = (Date.parse(currentPeriodEnd) - shop.simulator.now()) / 1000;
  await advance(shop, Math.ceil(wait) + 1);
  const paid = await buy(shop);
  const open = await startPurchase(shop);
  const byTransfer = await placeOrder(shop);
  const jobs = await activeJobs(shop);
  const [backup] = await stack.sql<{ at: string }[]>`
    select toss_private.clock_now()::text as at`;
  assert.ok(backup);
  const kept = await takeBackup(shop);

  assert.equal((await charge(shop, { subscriptionId })).paid, 1);
  const { paymentKey } = paid;
  const refund = { paymentKey, cancelAmount: 500, requestId: "lost" };
  assert.equal((await cancel(shop, refund)).status, 200);
  assert.equal((await confirm(shop, open)).status, 200);
  const { orderId } = byTransfer;
  const account = issuedBy(await requestAccount(shop, { orderId }));
  await payIn(shop, account.paymentKey);
  const planId = await addPlan(shop, { price: 20_000 });
  await settleWebhooks(shop);
  await restoreBackup(shop, kept);
  await advance(shop, DAY_SECONDS);

  await follow(shop, "docs/after-a-restore.md", backup.at);

  assert.equal(await activeJobs(shop), jobs);
  assert.equal((await orderRow(shop, open.orderId)).status, "paid");
  assert.equal((await orderRow(shop, orderId)).status, "paid");
  assert.equal(
    (await orderRow(shop, paid.orderId)).status,
    "partially_refunded",
  );
  assert.equal((await cancel(shop, refund)).status, 200);
  const rows = await chargeRows(shop, subscriber.user);
  assert.deepEqual(rows.map(({ status }) => status), ["paid", "paid"]);
  const row = await subscriptionRow(shop, subscriptionId);
  assert.ok(row.current_period_end.getTime() > shop.simulator.now());
  // A plan that was made after the backup is gone with it.
  const answer = await change(shop, subscriber, "change_plan", { planId });
  assert.equal(answer.status, 404, JSON.stringify(answer.body));
});

test("the Korean page has the same statements", async () => {
  const codes = async (page: string) =>
    fencesOf(await readProjectFile(page))
      .filter(({ language }) => language === "sql")
      .map(({ code }) => code);

  assert.deepEqual(
    await codes("docs/after-a-restore.ko.md"),
    await codes("docs/after-a-restore.md"),
  );
});
