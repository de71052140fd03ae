import assert from "node:assert/strict";
import { createKeyring } from "../../../supabase/functions/_shared/security/encryption.ts";
import { registerCard } from "../../support/billing.ts";
import { callFunction } from "../../support/call-function.ts";
import {
  assertHealthy,
  assertOnlyBroken,
  examine,
  faultPoint,
  healthWith,
} from "../../support/doctor.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { buyerHeaders, signUp } from "../../../stack/users.ts";
import { buy } from "../../support/buy.ts";
import { settleWebhooks } from "../../support/webhooks.ts";

const fault = faultPoint();
const test = shopTests({ intercept: fault.intercept });

/** The stack's keys, and one of the same id with other bytes. */
function keysOf({ stack }: Shop) {
  const own = stack.projectVariables.BILLING_KEY_ENCRYPTION_KEYS ?? "";
  const other = btoa("fedcba9876543210fedcba9876543210");
  const [keyId = ""] = Object.keys(JSON.parse(own));
  return { own, keyId, other, remade: JSON.stringify({ [keyId]: other }) };
}

function examineWith(shop: Shop, keys: string) {
  const variables = { BILLING_KEY_ENCRYPTION_KEYS: keys };
  return fault.during(healthWith(shop, variables), () => examine(shop));
}

function examineGiven(shop: Shop, keys: string) {
  return examine(shop, {
    variables: {
      ...shop.stack.projectVariables,
      BILLING_KEY_ENCRYPTION_KEYS: keys,
    },
  });
}

async function storeWebhook(shop: Shop): Promise<void> {
  // What is ignored on arrival is kept without its body.
  await buy(shop);
  await settleWebhooks(shop);
}

test("an encryption key that stored rows still need is named with its id", async (shop) => {
  await storeWebhook(shop);
  const { own, keyId, other } = keysOf(shop);
  const rotated = JSON.stringify({ rotated: other });
  const [finding] = assertOnlyBroken(
    await examineWith(shop, rotated),
    "encryption_keys",
  );
  assert.match(
    finding?.detail ?? "",
    new RegExp(
      `\\d row\\(s\\) of toss_private\\.webhook_bodies need "${keyId}"`,
    ),
  );

  const both = JSON.stringify({ rotated: other, ...JSON.parse(own) });
  const findings = await examineWith(shop, both);
  assertHealthy(findings);
  assert.match(
    findings.find(({ check }) => check === "encryption_keys")?.detail ?? "",
    /"rotated" encrypts/,
  );
});

test("a key that was made anew under the same id is found before it is deployed", async (shop) => {
  await storeWebhook(shop);
  const { own, keyId, remade } = keysOf(shop);
  assertHealthy(await examineGiven(shop, own));

  const [finding] = assertOnlyBroken(
    await examineGiven(shop, remade),
    "encryption_keys",
  );

  assert.equal(
    finding?.detail,
    `"${keyId}" in the given file is another key than the one that encrypted toss_private.webhook_bodies`,
  );
});

test("a file that lacks a key in use is found before it is deployed", async (shop) => {
  await storeWebhook(shop);
  const { keyId, other } = keysOf(shop);

  const [finding] = assertOnlyBroken(
    await examineGiven(shop, JSON.stringify({ fresh: other })),
    "encryption_keys",
  );

  assert.equal(
    finding?.detail,
    `the given file lacks the key "${keyId}" that toss_private.webhook_bodies needs`,
  );
});

test("a billing key under a key of its own is tried as well", async (shop) => {
  const { sql } = shop.stack;
  const { own, other, remade } = keysOf(shop);
  const [method] = await sql<{ id: string }[]>`
    insert into public.billing_methods (user_id, method) values (gen_random_uuid(), 'CARD')
    returning id`;
  const id = method?.id ?? "";
  const older = JSON.stringify({ older: other });
  const { keyId, ciphertext } = await createKeyring(older)
    .encrypt("billing-key", id);
  await sql`
    insert into toss_private.billing_keys (billing_method_id, key_digest, key_id, ciphertext)
    values (${id}, ${"0".repeat(64)}, ${keyId}, ${ciphertext})`;
  const held = { ...JSON.parse(own), older: other };
  const wrong = { ...held, older: btoa("a third key of thirty-two bytes!") };
  const findings = await fault.during(
    healthWith(shop, { BILLING_KEY_ENCRYPTION_KEYS: JSON.stringify(held) }),
    async () => [
      await examineGiven(shop, JSON.stringify(held)),
      await examineGiven(shop, JSON.stringify(wrong)),
    ],
  ).finally(async () => {
    await sql`delete from toss_private.billing_keys where billing_method_id = ${id}`;
    await sql`delete from public.billing_methods where id = ${id}`;
  });

  const [sound = [], broken = []] = findings;
  assertHealthy(sound);
  const [finding] = assertOnlyBroken(broken, "encryption_keys");
  assert.match(finding?.detail ?? "", /"older" .* toss_private\.billing_keys$/);
  assert.equal(JSON.stringify(findings).includes(remade), false);
});

test("a registered card and a deleted one leave the project sound", async (shop) => {
  const user = await signUp(shop);
  const { billingMethodId } = await registerCard(shop, user);
  assertHealthy(await examine(shop));

  const { status } = await callFunction(shop, "billing-issue", {
    method: "DELETE",
    headers: buyerHeaders(shop, user.accessToken),
    body: { billingMethodId },
  });

  assert.equal(status, 200);
  assertHealthy(await examine(shop));
});

test("every encrypted table is counted and sampled", async (shop) => {
  const tables = await shop.stack.sql<{ name: string }[]>`
    select format('toss_private.%s', c.relname) as name
    from pg_class as c
    where c.relnamespace = 'toss_private'::regnamespace and c.relkind = 'r'
      and exists (select 1 from pg_attribute as a where a.attrelid = c.oid and a.attname = 'ciphertext')
    order by 1`;
  const [row] = await shop.stack.sql<{ source: string }[]>`
    select prosrc as source from pg_proc where proname = 'read_encrypted_samples'`;

  assert.ok(tables.length > 0);
  for (const { name } of tables) assert.ok(row?.source.includes(name), name);
});
