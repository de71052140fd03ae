import assert from "node:assert/strict";
import { proveOnce } from "../../proofs/billing/prove-once.ts";
import { stormTable } from "../../proofs/billing/table.ts";
import { propertyRuns } from "../support/property-runs.ts";

const SUBSCRIBERS = propertyRuns(40);
const MONTHS = 2;

Deno.test(`${SUBSCRIBERS} subscribers are charged exactly once a month by 8 overlapping, killed runs, and for ${MONTHS} more months`, async () => {
  // Another seed each time; a failure names the one that repeats it.
  const seed = Math.floor(Math.random() * 1_000_000_000);
  const { naive, billingCharge, year, verdict } = await proveOnce({
    seed,
    subscribers: SUBSCRIBERS,
    runners: 8,
    months: MONTHS,
    withSingleLoop: false,
  });
  const table = stormTable([
    ["naive loop", naive],
    ["billing-charge", billingCharge],
  ]);
  console.log(table);
  const context = `seed ${seed}\n${table}`;

  assert.deepEqual(billingCharge.count, {
    charges: SUBSCRIBERS,
    doubleCharged: 0,
    notCharged: 0,
    lost: 0,
    skipped: 0,
  }, context);
  assert.ok(naive.count.charges > SUBSCRIBERS, context);
  assert.ok(naive.count.doubleCharged > 0, context);
  assert.deepEqual(verdict.problems, [], context);
  const expected = SUBSCRIBERS * (1 + MONTHS);
  assert.deepEqual(
    [verdict.expected, verdict.paidCharges, verdict.takenAtToss],
    [expected, expected, expected],
    context,
  );
  // It was a storm, and the months had their troubles.
  assert.ok(billingCharge.kills > 0, context);
  assert.equal(year.newCards, year.declines.hard, context);
  assert.ok(year.newCards > 0, context);
});
