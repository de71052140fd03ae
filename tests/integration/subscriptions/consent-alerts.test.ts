import assert from "node:assert/strict";
import { callSql } from "../../support/answers.ts";
import { assertInvariantsHold } from "../../support/books.ts";
import { addTrial, advance, decide } from "../../support/consents.ts";
import { inRollback } from "../../support/rollback.ts";
import { shopTests } from "../../support/shop-test.ts";
import {
  addPlan,
  addSubscriber,
  type Connection,
} from "../../support/subscriber.ts";

const test = shopTests({}, assertInvariantsHold);

const HOUR_MS = 3_600_000;

function hoursAgo(hours: number): string {
  return new Date(Date.now() - hours * HOUR_MS).toISOString();
}

/** The alerts about one subject, with their level. */
async function alertsOf(sql: Connection, subject: string): Promise<string[]> {
  const rows = await sql<{ alert: string; level: string }[]>`
    select alert, level from public.alerts where subject = ${subject} order by alert`;
  return rows.map(({ alert, level }) => `${alert} ${level}`);
}

for (
  const [days, level] of [[20, "warning"], [5, "critical"]] as const
) {
  test(`a trial of ${days} days whose request nobody wrote, and then nobody got, is told as ${level} until it is answered`, ({ stack }) =>
    inRollback(stack.sql, async (sql) => {
      const { subscriptionId, planId } = await addTrial(sql, days);
      await sql`
        update public.subscriptions set consent_ask_at = ${
        hoursAgo(3)
      } where id = ${subscriptionId}`;
      assert.deepEqual(await alertsOf(sql, planId), [
        "consent_not_asked critical",
      ]);

      await advance(sql, hoursAgo(2));
      assert.deepEqual(await alertsOf(sql, planId), [
        `consent_not_reached ${level}`,
      ]);

      assert.equal(await decide(sql, subscriptionId, "consent"), "changed");
      assert.deepEqual(await alertsOf(sql, planId), []);
    }));
}

test("a new price that is not planned for every subscriber after an hour is told, until it is", ({ stack }) =>
  inRollback(stack.sql, async (sql) => {
    const planId = await addPlan(sql, { consent: "required" });
    await addSubscriber(sql, new Date().toISOString(), planId);
    const { repricingId } = await callSql(sql, "begin_repricing", {
      planId,
      amount: 12_000,
      from: null,
      dryRun: false,
    });
    const subject = String(repricingId);
    assert.deepEqual(await alertsOf(sql, subject), []);

    await sql`
      update toss_private.repricings set created_at = ${
      hoursAgo(2)
    } where id = ${subject}`;
    assert.deepEqual(await alertsOf(sql, subject), [
      "repricing_unfinished warning",
    ]);

    let after: unknown = null;
    do {
      const page = await callSql(sql, "plan_repricing", {
        repricingId,
        after,
        limit: 10,
      });
      after = page.next;
    } while (after !== null);
    assert.deepEqual(await alertsOf(sql, subject), []);
  }));
