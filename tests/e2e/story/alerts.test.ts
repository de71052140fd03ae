import assert from "node:assert/strict";
import { tellStory as describeRows } from "../../../supabase/functions/_shared/story/story.ts";
import { PROJECT_ROOT } from "../../../stack/paths.ts";
import { signUp } from "../../../stack/users.ts";
import { assertInvariantsHold } from "../../support/books.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { endingOf, mend, tellStory, tellWithin } from "../../support/story.ts";
import { settleWebhooks, withoutWebhooks } from "../../support/webhooks.ts";
import { SCENES } from "./scenes.ts";

// Some scenes write rows by hand, so the books of both sides are not compared.
const test = shopTests({}, assertInvariantsHold);

async function documentedAlerts(): Promise<Map<string, string>> {
  const page = await Deno.readTextFile(`${PROJECT_ROOT}/docs/operations.md`);
  const [, section = ""] = page.split(/^## Alerts$/m);
  const [table = ""] = section.split(/^## /m);
  const rows = new Map<string, string>();
  for (const line of table.split("\n")) {
    const [, name = "", , , act = ""] = line.split(/(?<!\\)\|/);
    for (const [, alert = ""] of name.matchAll(/`([a-z_]+)`/g)) {
      rows.set(alert, act);
    }
  }
  return rows;
}

Deno.test("every alert of docs/operations.md has a scene of its own, and no other has", async () => {
  const documented = await documentedAlerts();
  assert.ok(documented.size > 30, [...documented.keys()].join());
  assert.deepEqual(Object.keys(SCENES).sort(), [...documented.keys()].sort());
});

async function countOf({ stack }: Shop, alert: string): Promise<number> {
  const [row] = await stack.sql<{ count: number }[]>`
    select count(*)::int as count from public.alerts where alert = ${alert}`;
  return row?.count ?? 0;
}

for (const [alert, scene] of Object.entries(SCENES)) {
  switch (scene.kind) {
    case "elsewhere":
      Deno.test(`${alert} is about no order: docs/operations.md says what to run`, async () => {
        const act = (await documentedAlerts()).get(alert) ?? "";
        assert.ok(act.includes(scene.does), `${alert}: ${act}`);
      });
      break;
    case "person":
      test(`${alert}: the story says that only a person can mend it`, async (shop) => {
        const { accessToken, id: userId } = await signUp(shop);
        const subject = await scene.buy(shop, accessToken);
        await settleWebhooks(shop);
        withoutWebhooks(shop);
        const told = await tellWithin(
          shop,
          subject.orderId,
          alert,
          (sql) => scene.harm(sql, { ...subject, userId }),
        );
        assert.match(endingOf(told), scene.says);
        assert.match(endingOf(told), /^Only a person can mend this: /);
        assert.ok(told.next?.command);
      });
      break;
    case "told":
      test(`${alert}: the story proposes what its row in the runbook does`, async (shop) => {
        const { accessToken, id: userId } = await signUp(shop);
        const subject = await scene.buy(shop, accessToken);
        await settleWebhooks(shop);
        withoutWebhooks(shop);
        const told = await tellWithin(
          shop,
          subject.orderId,
          alert,
          (sql) => scene.harm(sql, { ...subject, userId }),
        );
        assert.match(told.next?.command ?? endingOf(told), scene.command);
      });
      break;
    case "rows":
      Deno.test(`${alert}: the story says what a person decides, and how it is done`, () => {
        const told = describeRows(scene.rows, []);
        assert.match(endingOf(told), scene.says);
        assert.match(told.next?.command ?? "", scene.command);
      });
      break;
    case "mends":
      test(`${alert}: the command of the story mends it`, async (shop) => {
        const { id, more } = await scene.make(shop);
        assert.ok(await countOf(shop, alert) > 0, "the scene raises no alert");
        const { before, after } = await mend(shop, id, more);
        assert.match(endingOf(before), scene.says);
        await settleWebhooks(shop);
        assert.equal(
          await countOf(shop, alert),
          0,
          `${before.next?.command}: ${endingOf(after)}`,
        );
        await scene.after?.(shop);
      });
  }
}

test("what an alert names as its subject leads to its order", async (shop) => {
  const { make } = SCENES.operation_without_proof as {
    make(shop: Shop): Promise<{ id: string }>;
  };
  const { id } = await make(shop);
  const subjects = await shop.stack.sql<{ subject: string }[]>`
    select subject from public.alerts where alert = 'operation_without_proof'`;
  for (const { subject } of subjects) {
    assert.equal((await tellStory(shop, subject)).order?.id, id);
  }
  await mend(shop, id);
});
