import assert from "node:assert/strict";
import { assertInvariantsHold } from "../../support/books.ts";
import {
  addTrial,
  advance,
  consentOf,
  decide,
} from "../../support/consents.ts";
import { type Break, rulesOf, subjectsAfter } from "../../support/harm.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { claimOne, pay, subscriptionRow } from "../../support/subscriber.ts";

const test = shopTests({}, assertInvariantsHold);

/** A trial that was consented to and has paid two periods, and one that was only asked. */
interface Scene {
  consentId: string;
  first: string;
  second: string;
  askedId: string;
}

async function openScene({ stack: { sql } }: Shop): Promise<Scene> {
  const paid = await addTrial(sql, 14);
  const asked = await addTrial(sql, 14);
  await advance(sql);
  await decide(sql, paid.subscriptionId, "consent");
  const first = await claimOne(sql, paid.subscriptionId, paid.trialEnd);
  await pay(sql, first);
  const { next_charge_at } = await subscriptionRow(sql, paid.subscriptionId);
  const second = await claimOne(
    sql,
    paid.subscriptionId,
    String(next_charge_at),
  );
  await pay(sql, second);
  return {
    consentId: (await consentOf(sql, paid.subscriptionId)).id,
    first: first.chargeId,
    second: second.chargeId,
    askedId: (await consentOf(sql, asked.subscriptionId)).id,
  };
}

const BREAKS: Break<Scene>[] = [
  {
    invariant: "charge_is_covered_by_consent",
    how: "the consent of a charge was refused after all",
    subject: ({ first }) => first,
    harm: (sql, { consentId }) =>
      sql`update public.subscription_consents set decision = 'refused' where id = ${consentId}`,
  },
  {
    invariant: "charge_is_covered_by_consent",
    how: "the consent of a charge is older than 30 days",
    subject: ({ first }) => first,
    harm: (sql, { consentId }) =>
      sql`
        update public.subscription_consents
        set effective_at = effective_at + interval '30 days', opens_at = opens_at + interval '29 days',
          decided_at = opens_at + interval '29 days'
        where id = ${consentId}`,
  },
  {
    invariant: "charge_is_covered_by_consent",
    how: "a trial's first charge says that it was agreed to",
    subject: ({ first }) => first,
    harm: (sql, { first }) =>
      sql`update public.subscription_charges set covered_by = 'agreed', consent_id = null where id = ${first}`,
  },
  {
    invariant: "charge_is_covered_by_consent",
    how: "a later period costs more than the one before",
    subject: ({ second }) => second,
    harm: (sql, { second }) =>
      sql`update public.subscription_charges set plan_amount = plan_amount + 1000 where id = ${second}`,
  },
  {
    invariant: "consent_decision_is_written_down",
    how: "a decision that nobody made",
    subject: ({ askedId }) => askedId,
    harm: (sql, { askedId }) =>
      sql`
        update public.subscription_consents set decision = 'given', decided_at = now(), source = 'subscription'
        where id = ${askedId}`,
  },
  {
    invariant: "consent_matches_its_subscription",
    how: "somebody else was asked",
    subject: ({ askedId }) => askedId,
    harm: (sql, { askedId }) =>
      sql`update public.subscription_consents set user_id = gen_random_uuid() where id = ${askedId}`,
  },
];

let scene: Scene | undefined;

for (const broken of BREAKS) {
  test(`invariant_violations() tells that ${broken.how}`, async (shop) => {
    scene ??= await openScene(shop);
    assert.deepEqual(await subjectsAfter(shop, broken, scene), [
      broken.subject(scene),
    ]);
  });
}

test("every rule about consents is tried here", async (shop) => {
  assert.deepEqual(
    [...new Set(BREAKS.map(({ invariant }) => invariant))].sort(),
    await rulesOf(shop, "consent_violations"),
  );
});
