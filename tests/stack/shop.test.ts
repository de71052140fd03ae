import assert from "node:assert/strict";
import { join } from "node:path";
import { withLocalWidget } from "../../stack/local-widget.ts";
import { PROJECT_ROOT } from "../../stack/paths.ts";
import { placeOrder } from "../support/buy.ts";
import { openShop } from "../support/shop.ts";

Deno.test("a stack that names no key gets the widget's pair, and opens orders for the window", () => {
  const variables = withLocalWidget({ APP_URL: "http://localhost:3000" });
  assert.match(variables.TOSS_WIDGET_CLIENT_KEY ?? "", /^test_gck_/);
  assert.match(variables.TOSS_WIDGET_SECRET_KEY ?? "", /^test_gsk_/);
  assert.equal(variables.CHECKOUT_UI, "window");
  assert.equal(
    withLocalWidget({ CHECKOUT_UI: "widget" }).CHECKOUT_UI,
    "widget",
  );
  const own = {
    TOSS_CLIENT_KEY: "test_ck_own",
    TOSS_SECRET_KEY: "test_sk_own",
  };
  assert.deepEqual(withLocalWidget(own), own);
});

Deno.test({
  name:
    "a stack with the shop says that it is being built, then serves it at every address",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const shop = await openShop({
      webPort: 0,
      shop: true,
      environment: withLocalWidget({}),
    });
    const { stack } = shop;
    try {
      const read = async (path: string) => {
        const answer = await fetch(`${stack.webUrl}${path}`);
        return { status: answer.status, text: await answer.text() };
      };
      assert.match((await read("/")).text, /The shop is being built/);
      assert.match((await read("/payment/success")).text, /Back from/);

      await stack.buildShop();
      await assertTypesHold();

      for (const path of ["/", "/plans/pro", "/payment/success?status=x"]) {
        const { status, text } = await read(path);
        assert.equal(status, 200, path);
        assert.match(text, /<div id="root">/, path);
      }
      assert.equal((await read("/assets/nothing.js")).status, 404);
      assert.match((await read("/docs/README.md")).text, /^# Documents/);
      const told = JSON.parse((await read("/config.json")).text);
      assert.equal(told.ui, "widget");
      assert.equal(told.isTest, true);
      assert.equal(told.sdkUrl, `${stack.tossApiBaseUrl}/v2/standard`);

      const sticker = { items: [{ productId: "sticker", quantity: 1 }] };
      const plain = await placeOrder(shop, sticker);
      assert.match(String(plain.clientKey), /^test_ck_/);
      const widget = await placeOrder(shop, { ...sticker, ui: "widget" });
      assert.match(String(widget.clientKey), /^test_gck_/);
    } finally {
      await stack.stop();
    }
  },
});

/** The shop's own compiler, whose packages the build has installed. */
async function assertTypesHold(): Promise<void> {
  const { success, stdout } = await new Deno.Command("node", {
    args: ["node_modules/typescript/bin/tsc", "--noEmit"],
    cwd: join(PROJECT_ROOT, "examples", "shop"),
  }).output();
  assert.ok(success, new TextDecoder().decode(stdout));
}
