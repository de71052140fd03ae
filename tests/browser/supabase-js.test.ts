import assert from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import { type Stack, startStack } from "../../stack/stack.ts";
import { launchChromium, withPage } from "./chromium.ts";
import { startSupabasePage, type SupabasePage } from "./supabase-page.ts";

interface Scene {
  stack: Stack;
  shop: SupabasePage;
  browser: Browser;
}

let opened: Scene | undefined;

Deno.test.beforeAll(async () => {
  opened = {
    // As `dev` starts it: no variable of the shop's own.
    stack: await startStack({ webPort: 0 }),
    shop: startSupabasePage(),
    browser: await launchChromium(),
  };
});

Deno.test.afterAll(async () => {
  await opened?.browser.close();
  await opened?.stack.stop();
  await opened?.shop.stop();
});

/** Runs a script in the page, where `client` is supabase-js with the publishable key; answers what it returns. */
async function inPage(
  page: Page,
  { stack }: Scene,
  script: string,
): Promise<Record<string, unknown>> {
  const settings = JSON.stringify([stack.apiUrl, stack.publishableKey]);
  const answer: unknown = await page.evaluate(`(async () => {
    globalThis.client ??= supabase.createClient(...${settings});
    const must = ({ data, error }) => {
      if (error) throw new Error(error.name + ": " + error.message);
      return data;
    };
    ${script}
  })()`);
  assert.ok(typeof answer === "object" && answer !== null);
  return { ...answer };
}

Deno.test({
  name:
    "a page of another origin signs up and in, buys, reads and signs out with supabase-js as it is",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const scene = opened;
    if (scene === undefined) throw new Error("the servers did not start");
    await withPage(scene.browser, async (page) => {
      const blocked: string[] = [];
      page.on("console", (message) => {
        if (message.text().includes("CORS")) blocked.push(message.text());
      });
      await page.goto(scene.shop.url);
      const account = JSON.stringify({
        email: "browser@example.com",
        password: "correct horse battery",
      });
      const run = (script: string) => inPage(page, scene, script);

      const signedUp = await run(`
        const { user, session } = must(await client.auth.signUp(${account}));
        must({ error: (await client.auth.signOut()).error });
        return { userId: user.id, hadSession: session !== null };`);
      assert.equal(signedUp.hadSession, true);

      const bought = await run(`
        const { user } = must(await client.auth.signInWithPassword(${account}));
        const order = must(await client.functions.invoke("checkout", {
          body: { items: [{ productId: "sticker", quantity: 1 }] },
          region: "ap-northeast-2",
        }));
        const rows = must(await client.from("orders")
          .select("id, status, amount, order_items(product_id)"));
        const me = must(await client.auth.getUser());
        must(await client.auth.updateUser({ data: { name: "김토스" } }));
        return { userId: user.id, me: me.user.id, orderId: order.orderId, rows };`);
      assert.equal(bought.userId, signedUp.userId);
      assert.equal(bought.me, signedUp.userId);
      assert.deepEqual(bought.rows, [{
        id: bought.orderId,
        status: "pending",
        amount: 3000,
        order_items: [{ product_id: "sticker" }],
      }]);

      const refused = await run(`
        const { error } = await client.functions.invoke("checkout", {
          body: { items: [{ productId: "nothing", quantity: 1 }] },
        });
        const { code } = await error.context.json();
        return { code };`);
      assert.equal(refused.code, "product_not_found");

      const left = await run(`
        must({ error: (await client.auth.signOut()).error });
        const { session } = must(await client.auth.getSession());
        const denied = await client.from("orders").select("id");
        const plans = must(await client.from("plans").select("id"));
        return { session, denied: denied.status, plans: plans.length };`);
      assert.equal(left.session, null);
      assert.equal(left.denied, 401);
      assert.ok(Number(left.plans) > 0);
      assert.deepEqual(blocked, []);
    });
  },
});
