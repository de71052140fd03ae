import assert from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import { assertBooksAgree } from "../support/books.ts";
import { THREE_PAIRS } from "../support/key-pairs.ts";
import { openShop, type Shop } from "../support/shop.ts";
import { launchChromium, withPage } from "./chromium.ts";
import { type ClientPage, startClientPage } from "./client-page.ts";

interface Scene {
  shop: Shop;
  page: ClientPage;
  browser: Browser;
}

let opened: Scene | undefined;
let users = 0;

Deno.test.beforeAll(async () => {
  const shop = await openShop({ environment: THREE_PAIRS });
  opened = {
    shop,
    page: await startClientPage({
      apiUrl: shop.stack.apiUrl,
      publishableKey: shop.stack.publishableKey,
      sdkUrl: `${shop.simulator.url}/v2/standard`,
    }),
    browser: await launchChromium(),
  };
});

Deno.test.afterAll(async () => {
  await opened?.browser.close();
  await opened?.page.stop();
  await opened?.shop.stack.stop();
});

/** One test with a page of the client's hooks, in a browser of its own. */
function test(
  name: string,
  body: (
    page: Page & { open(path: string): Promise<void> },
    shop: Shop,
  ) => Promise<void>,
): void {
  Deno.test({
    name,
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      const scene = opened;
      if (scene === undefined) throw new Error("the servers did not start");
      await withPage(scene.browser, async (page) => {
        const open = async (path: string) => {
          await page.goto(`${scene.page.url}${path}`);
        };
        page.setDefaultTimeout(60_000);
        await body(Object.assign(page, { open }), scene.shop);
      });
      await assertBooksAgree(scene.shop);
    },
  });
}

/** Waits until the page shows a text where it shows that. */
function shows(page: Page, id: string, text: string): Promise<void> {
  return page.locator(`#${id}`, { hasText: new RegExp(`^${text}$`) })
    .waitFor({ state: "attached" });
}

async function signUp(page: Page): Promise<void> {
  const email = `client-${++users}@example.com`;
  await page.evaluate(`signUp(${JSON.stringify(email)})`);
}

test(
  "a purchase by the widget: hooks under StrictMode render it once, confirm it once, and see it paid",
  async (page, { simulator }) => {
    await page.open("/");
    await signUp(page);
    await page.click("text=widget");
    await page.locator("button:enabled", { hasText: "pay" }).waitFor();
    const orderId = await page.locator("#order").innerText();
    assert.equal(await page.locator("#methods iframe").count(), 1);

    await page.frameLocator("#methods iframe").getByText("카카오페이").click();
    await page.click("text=pay");
    await page.waitForURL(/\/payment-window\?/);
    await page.click("button[value=pay]");
    await page.waitForURL(/\/success\?/);

    await shows(page, "completion", "confirmed");
    await shows(page, "status", "paid");
    await page.reload();
    await shows(page, "completion", "confirmed");
    const [book] = simulator.books().filter((one) => one.orderId === orderId);
    assert.equal(book?.approvals, 1);
  },
);

test(
  "a purchase by the window: a double click and the back button pay one order",
  async (page, { stack }) => {
    await page.open("/");
    await signUp(page);
    await page.evaluate(
      `(() => { const [buy] = document.querySelectorAll("button"); buy.click(); buy.click(); })()`,
    );
    await page.waitForURL(/\/payment-window\?/);
    const first = new URL(page.url()).searchParams.get("orderId");
    await page.goBack();
    await page.click("text=buy");
    await page.waitForURL(/\/payment-window\?/);
    const second = new URL(page.url()).searchParams.get("orderId");
    await page.click("button[value=pay]");
    await page.waitForURL(/\/success\?/);
    await shows(page, "completion", "confirmed");

    assert.ok(first);
    assert.equal(second, first);
    const orders = await stack.sql`
    select status from public.orders
    where user_id = (select user_id from public.orders where id = ${first})`;
    assert.deepEqual(orders.map(({ status }) => status), ["paid"]);
  },
);

test("a window that is closed leads to the fail page, which says so", async (page) => {
  await page.open("/");
  await page.click("text=buy");
  await page.waitForURL(/\/payment-window\?/);
  await page.click("button[value=cancel]");
  await page.waitForURL(/\/fail\?/);
  await shows(page, "failure", "window_closed");
});

test("a subscription is begun in the window, left, taken up again, and opens what it pays for", async (page) => {
  await page.open("/my-page");
  await signUp(page);
  await shows(page, "subscription", "none");
  await page.click("text=subscribe");
  await page.waitForURL(/\/billing-window\?/);
  await page.click("button[value=register]");
  await page.waitForURL(/\/success\?/);
  await shows(page, "completion", "active");

  await page.open("/my-page");
  await shows(page, "subscription", "active");
  await shows(page, "access", "true");
  await shows(page, "cards", "CARD");
  await page.click("text=cancel");
  await shows(page, "ends", "true");
  await page.click("text=resume");
  await shows(page, "ends", "false");
  assert.equal(await page.locator("#refusal").innerText(), "");
});
