import assert from "node:assert/strict";
import { callFunction } from "../../support/call-function.ts";
import type { Shop } from "../../support/shop.ts";
import { shopTests } from "../../support/shop-test.ts";

const test = shopTests();

function health(shop: Shop, headers: Record<string, string>) {
  return callFunction(shop, "health", { method: "GET", headers });
}

test("health tells whoever brings CRON_SECRET that it is the functions' own", async (shop) => {
  const { cronSecret } = shop.stack;
  const known = await health(shop, { authorization: `Bearer ${cronSecret}` });
  const wrong = await health(shop, { authorization: `Bearer ${cronSecret}x` });

  assert.equal(known.status, 200);
  assert.equal(known.body.caller, "cron");
  assert.equal(wrong.status, 401);
  assert.equal(wrong.body.caller, undefined);
  for (const { body } of [known, wrong]) {
    assert.equal(body.operations, undefined);
    assert.equal(body.configuration, undefined);
  }
});

test("health describes the configuration to the secret key, without a secret", async (shop) => {
  const { secretKey, projectVariables, tossApiBaseUrl } = shop.stack;
  const { body } = await health(shop, { apikey: secretKey });
  const keys = JSON.parse(projectVariables.BILLING_KEY_ENCRYPTION_KEYS ?? "");

  assert.deepEqual(body.configuration, {
    tossMode: "test",
    tossKeyFamily: "api",
    tossPairs: [{ keys: "main", family: "api" }],
    tossKeysMissing: [],
    tossApiBaseUrl,
    appUrl: projectVariables.APP_URL,
    encryptionKeyIds: Object.keys(keys),
    activeEncryptionKeyId: Object.keys(keys)[0],
  });
  const text = JSON.stringify(body);
  const secrets = [
    projectVariables.TOSS_SECRET_KEY,
    projectVariables.CRON_SECRET,
    ...Object.values(keys),
  ];
  for (const secret of secrets) assert.equal(text.includes(`${secret}`), false);
});
