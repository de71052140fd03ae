import assert from "node:assert/strict";
import { createKeyring } from "../../../supabase/functions/_shared/security/encryption.ts";
import { type CommandResult, runToss } from "../../stack/dev-fixture.ts";
import {
  addPlan,
  charge,
  registerCard,
  subscribe,
} from "../../support/billing.ts";
import {
  chargeRows,
  daysAfter,
  justAfter,
} from "../../support/billing-rows.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";
import { signUp } from "../../../stack/users.ts";
import { deliverWebhook, settleWebhooks } from "../../support/webhooks.ts";

const OLD_KEY = btoa("0123456789abcdef0123456789abcdef");
const NEW_KEY = btoa("fedcba9876543210fedcba9876543210");
const BOTH = JSON.stringify({ new: NEW_KEY, old: OLD_KEY });

// The functions have both keys, as in the middle of a rotation.
const test = shopTests({
  environment: { BILLING_KEY_ENCRYPTION_KEYS: BOTH },
});

function run(
  { stack }: Shop,
  script: string,
  args: string[],
  environment: Record<string, string> = {},
): Promise<CommandResult> {
  return runToss(script, {
    arguments: args,
    environment: {
      SUPABASE_URL: stack.apiUrl,
      SUPABASE_SECRET_KEY: stack.secretKey,
      ...environment,
    },
  });
}

/** Every encrypted value, as it stood before the new key was made. */
async function encryptWithOldKey({ stack }: Shop): Promise<number> {
  const current = createKeyring(BOTH);
  const old = createKeyring(JSON.stringify({ old: OLD_KEY }));
  const keys = await stack.sql<
    { id: string; key_id: string; ciphertext: string }[]
  >`
    select billing_method_id as id, key_id, ciphertext from toss_private.billing_keys`;
  for (const { id, key_id, ciphertext } of keys) {
    const plain = await current.decrypt({ keyId: key_id, ciphertext }, id);
    const sealed = await old.encrypt(plain, id);
    await stack.sql`
      update toss_private.billing_keys set key_id = ${sealed.keyId}, ciphertext = ${sealed.ciphertext}
      where billing_method_id = ${id}`;
  }
  const bodies = await stack.sql<
    { id: string; key_id: string; ciphertext: string; bound_to: string }[]
  >`
    select b.webhook_event_id as id, b.key_id, toss_private.ciphertext_as_text(b.ciphertext) as ciphertext, e.dedupe_key as bound_to
    from toss_private.webhook_bodies as b join public.webhook_events as e on e.id = b.webhook_event_id
    where b.key_id is not null`;
  for (const { id, key_id, ciphertext, bound_to } of bodies) {
    const plain = await current.decrypt(
      { keyId: key_id, ciphertext },
      bound_to,
    );
    const sealed = await old.encrypt(plain, bound_to);
    await stack.sql`
      update toss_private.webhook_bodies set key_id = ${sealed.keyId},
        ciphertext = decode(${sealed.ciphertext}, 'base64')
      where webhook_event_id = ${id}`;
  }
  return keys.length + bodies.length;
}

async function keyIds({ stack }: Shop): Promise<string[]> {
  const rows = await stack.sql<{ key_id: string }[]>`
    select distinct key_id from (
      select key_id from toss_private.billing_keys union all select key_id from toss_private.webhook_bodies where key_id is not null
    ) as k`;
  return rows.map(({ key_id }) => key_id);
}

test("rotate-keys moves everything to the new key while customers register and are charged", async (shop) => {
  const planId = await addPlan(shop, { interval: "day" });
  const subscribers = [];
  for (let index = 0; index < 9; index++) {
    subscribers.push(await subscribe(shop, { planId }));
  }
  for (let index = 0; index < 8; index++) {
    await deliverWebhook(shop, { eventType: "METHOD_UPDATED", index });
  }
  await settleWebhooks(shop);
  const count = await encryptWithOldKey(shop);
  assert.deepEqual(await keyIds(shop), ["old"]);
  const end = subscribers.at(-1)?.subscription.currentPeriodEnd ?? "";
  let isRotating = true;
  let days = 0;
  const load = (async () => {
    while (isRotating || days === 0) {
      const asOf = justAfter(daysAfter(end, days++));
      const { declined, unknown } = await charge(shop, { asOf });
      assert.deepEqual([declined, unknown], [0, 0], "no charge suffers");
      await registerCard(shop, await signUp(shop));
      await deliverWebhook(shop, { eventType: "METHOD_UPDATED", days });
    }
  })();
  const environment = { BILLING_KEY_ENCRYPTION_KEYS: BOTH };

  const runs = await Promise.all([
    run(shop, "rotate-keys", ["--batch", "3"], environment),
    run(shop, "rotate-keys", ["--batch", "3"], environment),
  ]);
  isRotating = false;
  await load;

  for (const { code, stdout, stderr } of runs) {
    assert.equal(code, 0, `${stdout}\n${stderr}`);
  }
  assert.deepEqual(await keyIds(shop), ["new"]);
  const done = runs.map(({ stdout }) =>
    Number(/^(\d+) value/m.exec(stdout)?.[1])
  );
  assert.equal(done.reduce((sum, n) => sum + n, 0), count);
  const again = await run(shop, "rotate-keys", [], environment);
  assert.match(again.stdout, /^0 value\(s\)/);
  // The keys still are what they were: everybody can be charged.
  const last = await charge(shop, { asOf: justAfter(daysAfter(end, days)) });
  assert.deepEqual([last.declined, last.unknown], [0, 0]);
  const text = JSON.stringify(runs);
  assert.ok(!text.includes(OLD_KEY) && !text.includes(NEW_KEY));
});

test("rotate-keys names what it cannot open, and exits with 1", async (shop) => {
  const { user, billingMethodId } = await subscribe(shop);
  const [before] = await shop.stack.sql<{ key_id: string }[]>`
    select key_id from toss_private.billing_keys where billing_method_id = ${billingMethodId}`;
  await shop.stack.sql`
    update toss_private.billing_keys set key_id = 'lost' where billing_method_id = ${billingMethodId}`;

  const { code, stderr } = await run(shop, "rotate-keys", [], {
    BILLING_KEY_ENCRYPTION_KEYS: BOTH,
  });

  assert.equal(code, 1);
  assert.ok(stderr.includes(billingMethodId) && stderr.includes("lost"));
  await shop.stack.sql`
    update toss_private.billing_keys set key_id = ${before?.key_id ?? ""}
    where billing_method_id = ${billingMethodId}`;
  assert.equal((await chargeRows(shop, user)).length, 1);
});

test("rotate-keys explains itself when it lacks something", async (shop) => {
  const help = await run(shop, "rotate-keys", ["--help"]);
  assert.equal(help.code, 0);
  assert.ok(help.stdout.includes("BILLING_KEY_ENCRYPTION_KEYS"));
  const without = await run(shop, "rotate-keys", []);
  assert.equal(without.code, 1);
  assert.match(without.stderr, /^Set BILLING_KEY_ENCRYPTION_KEYS to/m);
  const wrong = await run(shop, "rotate-keys", ["--batch", "many"]);
  assert.equal(wrong.code, 2);
});

test("charge --dry-run shows who would be charged, and charge does it", async (shop) => {
  const { user, subscription } = await subscribe(shop);
  const { id, currentPeriodEnd: asOf } = subscription;
  const args = ["--subscription", id, "--as-of", asOf];

  const shown = await run(shop, "charge", ["--dry-run", ...args]);

  assert.equal(shown.code, 0, shown.stderr);
  assert.ok(shown.stdout.includes(user.id));
  assert.ok(shown.stdout.includes("10,000"));
  assert.match(shown.stdout, /1 would be charged/);
  assert.equal((await chargeRows(shop, user)).length, 1);
  const done = await run(shop, "charge", args);
  assert.equal(done.code, 0, done.stderr);
  assert.match(done.stdout, /paid 1/);
  assert.equal((await chargeRows(shop, user)).length, 2);
  const nothing = await run(shop, "charge", ["--dry-run", ...args]);
  assert.match(nothing.stdout, /^0 would be charged, \d+ more are due/);
});

test("charge names what is wrong with its options", async (shop) => {
  for (
    const args of [["--limit", "0"], ["--as-of", "tomorrow"], [
      "--subscription",
      "x",
    ], ["--no-such"]]
  ) {
    const { code, stderr } = await run(shop, "charge", args);
    assert.equal(code, 2, args.join(" "));
    assert.ok(stderr.includes("npx -y deno task toss charge"));
  }
});
