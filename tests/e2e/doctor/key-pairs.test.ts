import assert from "node:assert/strict";
import { placeOrder } from "../../support/buy.ts";
import { callFunction } from "../../support/call-function.ts";
import {
  assertOnlyBroken,
  examine,
  faultPoint,
  healthWith,
} from "../../support/doctor.ts";
import { THREE_PAIRS } from "../../support/key-pairs.ts";
import { underVariables } from "../../support/other-variables.ts";
import { shopTests } from "../../support/shop-test.ts";

const fault = faultPoint();
const test = shopTests({
  environment: { ...THREE_PAIRS },
  intercept: fault.intercept,
});

const WITHOUT_WIDGET = {
  TOSS_WIDGET_SECRET_KEY: "",
  TOSS_WIDGET_CLIENT_KEY: "",
};

test("each pair is checked by its own line, the given file's at Toss", async (shop) => {
  const { projectVariables: variables } = shop.stack;
  const findings = await examine(shop, { variables });
  const lines = findings.filter(({ check }) => check.startsWith("toss_keys"));
  assert.deepEqual(
    lines.map(({ check, level }) => `${check} ${level}`),
    ["toss_keys ok", "toss_keys:widget ok", "toss_keys:billing ok"],
  );

  const unknown = await examine(shop, {
    variables: {
      ...variables,
      TOSS_BILLING_SECRET_KEY: "test_sk_ofnobody",
    },
  });
  const [finding] = assertOnlyBroken(unknown, "toss_keys:billing");
  assert.match(
    finding?.detail ?? "",
    /does not take TOSS_BILLING_SECRET_KEY: HTTP 401/,
  );
});

test("a pair that the file has and the functions do not is named", async (shop) => {
  const { projectVariables: variables } = shop.stack;
  const findings = await fault.during(
    healthWith(shop, WITHOUT_WIDGET),
    () => examine(shop, { variables }),
  );
  const [finding] = assertOnlyBroken(findings, "toss_keys:widget");
  assert.match(finding?.detail ?? "", /the given file has it/);
});

test("a pair that an open order needs and that is gone is named, and health is critical", async (shop) => {
  await placeOrder(shop);
  const findings = await fault.during(
    healthWith(shop, WITHOUT_WIDGET),
    () => examine(shop),
  );
  const [finding] = assertOnlyBroken(findings, "toss_keys:widget");
  assert.match(finding?.detail ?? "", /open orders or cards were made with it/);
  assert.match(finding?.action ?? "", /TOSS_WIDGET_SECRET_KEY/);

  const apikey = { apikey: shop.stack.secretKey };
  const options = { method: "GET", headers: apikey };
  await underVariables(shop, WITHOUT_WIDGET, async (without) => {
    const { body } = await callFunction(without, "health", options);
    assert.equal(body.status, "critical");
    assert.deepEqual(Object(body.configuration).tossKeysMissing, ["widget"]);
  });
  const { body } = await callFunction(shop, "health", options);
  assert.deepEqual(Object(body.configuration).tossKeysMissing, []);
});
