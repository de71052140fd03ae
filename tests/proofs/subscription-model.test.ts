import assert from "node:assert/strict";
import {
  describeFinding,
  type Exploration,
  explore,
} from "../../proofs/subscriptions/explore.ts";
import { live, type Setting } from "../../proofs/subscriptions/sequence.ts";
import { World } from "../../proofs/subscriptions/world.ts";
import { propertyRuns } from "../support/property-runs.ts";
import {
  LIVES as KNOWN_LIVES,
  LIVES_WITH_DEBTS_KEPT,
} from "./subscription-lives.ts";

/** The stacks outlive what the sanitizers look at. */
function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, sanitizeOps: false, sanitizeResources: false });
}

const LIVES: Exploration = {
  seed: 1,
  sequences: propertyRuns(4),
  steps: 60,
  worlds: 1,
};

test("random lives of a subscriber are as docs/subscriptions.md says: who pays what for which time, who has access when", async () => {
  const { findings, sequences } = await explore(LIVES);

  assert.deepEqual(findings.map(describeFinding), []);
  assert.equal(sequences, LIVES.sequences);
});

const SETTING: Setting = { ahead: 0, finalAction: "cancel" };

test("lives in which the project and the model once differed are lived as the model says", async () => {
  const world = await World.open();
  try {
    for (const [name, steps] of Object.entries(KNOWN_LIVES)) {
      assert.equal(await live(world, steps, SETTING), null, name);
    }
    const keeping: Setting = { ...SETTING, finalAction: "keep_past_due" };
    for (const [name, steps] of Object.entries(LIVES_WITH_DEBTS_KEPT)) {
      assert.equal(await live(world, steps, keeping), null, name);
    }
  } finally {
    await world.stop();
  }
});

const FAULTS: Record<string, string> = {
  "access outlives its subscription": `
    create or replace function toss_private.end_access(ended_subscription_id uuid, end_time timestamptz)
    returns void language sql set search_path = '' as 'select'`,
  "an upgrade costs the whole difference": `
    create or replace function toss_private.upgrade_amount(
      changed public.subscriptions, wanted public.plans, as_of timestamptz
    )
    returns bigint language sql set search_path = '' as 'select wanted.price - changed.amount'`,
};

for (const [fault, harm] of Object.entries(FAULTS)) {
  test(`the model finds that ${fault}, and says it in a few steps`, async () => {
    const { findings } = await explore({ ...LIVES, sequences: 60, harm });

    const [first] = findings;
    assert.ok(first, "not found");
    assert.ok(first.steps.length <= 8, describeFinding(first));
  });
}
