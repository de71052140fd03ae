import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import { readChapters } from "../../scripts/schema/chapters.ts";
import { charge, subscribe } from "../support/billing.ts";
import { confirm, startPurchase } from "../support/buy.ts";
import type { Shop } from "../support/shop.ts";
import { shopTests } from "../support/shop-test.ts";
import { atToss, depositCallback, issue } from "../support/virtual-account.ts";
import {
  deliverWebhook,
  settleWebhooks,
  withoutWebhooks,
} from "../support/webhooks.ts";

/** So many chapters somebody opens who follows one call, at most. */
const MOST_CHAPTERS = 15;

/** Postgres' connections write down what they called when they have been idle for ten seconds. */
const UNTIL_COUNTED = 11_000;

/** What sends events and notices: it begins with the row in the outbox, where the call itself ends. */
const BEHIND_THE_OUTBOX = /^(6[4-8]|7[4-8])_/;

const chapterOf = new Map(
  (await readChapters()).flatMap(({ file, text }) =>
    Array.from(
      text.matchAll(/^create function (\S+?)\(/gm),
      ([, name = ""]) => [name, file] as const,
    )
  ),
);

const test = shopTests();

/** How often each function has run so far. */
async function callCounts({ stack }: Shop): Promise<Map<string, number>> {
  await setTimeout(UNTIL_COUNTED);
  const rows = await stack.sql<{ name: string; calls: number }[]>`
    select schemaname || '.' || funcname as name, sum(calls)::integer as calls
    from pg_stat_user_functions group by 1`;
  return new Map(rows.map(({ name, calls }) => [name, calls]));
}

/** The chapters whose functions ran meanwhile. */
async function chaptersOf(
  shop: Shop,
  act: () => Promise<unknown>,
): Promise<string[]> {
  const before = await callCounts(shop);
  await act();
  const after = await callCounts(shop);
  const run = [...after].filter(([name, calls]) => before.get(name) !== calls);
  const opened = new Set(run.map(([name]) => chapterOf.get(name)));
  opened.delete(undefined);
  return [...opened].map(String)
    .filter((chapter) => !BEHIND_THE_OUTBOX.test(chapter)).sort();
}

test("one confirm, webhook or charge is followed in fifteen chapters", async (shop) => {
  const { sql } = shop.stack;
  await sql`alter system set track_functions = 'all'`;
  await sql`select pg_reload_conf()`;
  try {
    const { subscription } = await subscribe(shop);
    withoutWebhooks(shop);
    const purchase = await startPurchase(shop);
    const account = await issue(shop);
    atToss(shop, account, "DONE");
    const opened = {
      confirm: await chaptersOf(shop, () => confirm(shop, purchase)),
      webhook: await chaptersOf(shop, async () => {
        await deliverWebhook(shop, depositCallback(account, "DONE"));
        await settleWebhooks(shop);
      }),
      charge: await chaptersOf(shop, () =>
        charge(shop, {
          subscriptionId: subscription.id,
          asOf: subscription.currentPeriodEnd,
        })),
    };
    for (const [call, chapters] of Object.entries(opened)) {
      console.log(`one ${call}: ${chapters.length} chapters, ${chapters}`);
      assert.ok(chapters.length > 5, `${call} was not seen`);
      assert.ok(chapters.length <= MOST_CHAPTERS, call);
    }
  } finally {
    await sql`alter system reset track_functions`;
    await sql`select pg_reload_conf()`;
  }
});
