import assert from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import { type Stack, startStack } from "../../stack/stack.ts";
import { launchChromium, withPage } from "./chromium.ts";
import { type ShopPage, startShopPage } from "./shop-page.ts";

interface Scene {
  stack: Stack;
  shop: ShopPage;
  browser: Browser;
}

let opened: Scene | undefined;

Deno.test.beforeAll(async () => {
  const shop = startShopPage();
  const stack = await startStack({
    // The redirects end on the page that the stack serves.
    webPort: 0,
    environment: { CORS_ALLOWED_ORIGINS: shop.url },
  });
  shop.configure({
    functionsUrl: stack.functionsUrl,
    publishableKey: stack.publishableKey,
    sdkSource: `${stack.tossApiBaseUrl}/v2/standard`,
  });
  opened = { stack, shop, browser: await launchChromium() };
});

Deno.test.afterAll(async () => {
  await opened?.browser.close();
  await opened?.stack.stop();
  await opened?.shop.stop();
});

/** The servers and the browser outlive a single test, hence no sanitizers. */
function test(
  name: string,
  body: (scene: Scene, page: Page) => Promise<void>,
): void {
  Deno.test({
    name,
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      const scene = opened;
      if (scene === undefined) throw new Error("the servers did not start");
      await withPage(scene.browser, (page) => body(scene, page));
    },
  });
}

/** Buys in the shop until Toss's window shows; the order's id. */
async function openPaymentWindow({ shop }: Scene, page: Page): Promise<string> {
  await page.goto(shop.url);
  await page.click("#buy");
  await page.waitForURL(/\/payment-window\?/);
  const orderId = new URL(page.url()).searchParams.get("orderId");
  assert.ok(orderId);
  return orderId;
}

/** Presses a button of the window and follows the redirects to the end. */
async function pressAndArrive(
  { stack }: Scene,
  page: Page,
  action: string,
): Promise<{ path: string; query: Record<string, string> }> {
  await page.click(`button[value="${action}"]`);
  await page.waitForURL((url) => url.origin === stack.webUrl);
  const { pathname, searchParams } = new URL(page.url());
  return { path: pathname, query: Object.fromEntries(searchParams) };
}

async function orderStatus({ stack }: Scene, orderId: string) {
  const [row] = await stack.sql<{ status: string; payments: number }[]>`
    select o.status, (
      select count(*)::int from public.payments as p
      where p.order_id = o.id and p.status = 'DONE'
    ) as payments
    from public.orders as o where o.id = ${orderId}`;
  return row;
}

test(
  "a buyer who pays in the window arrives at the success page with a paid order",
  async (scene, page) => {
    const orderId = await openPaymentWindow(scene, page);

    const { path, query } = await pressAndArrive(scene, page, "pay");

    assert.equal(path, "/payment/success");
    assert.deepEqual(query, { orderId, status: "confirmed" });
    assert.deepEqual(await orderStatus(scene, orderId), {
      status: "paid",
      payments: 1,
    });
  },
);

test(
  "a buyer who goes back after the payment pays no second time",
  async (scene, page) => {
    const orderId = await openPaymentWindow(scene, page);
    const confirms: string[] = [];
    page.on("request", (request) => {
      if (request.url().includes("/confirm?")) confirms.push(request.url());
    });
    await pressAndArrive(scene, page, "pay");
    const [confirm = ""] = confirms;

    await page.goto(confirm);

    const { pathname, searchParams } = new URL(page.url());
    assert.equal(pathname, "/payment/success");
    assert.equal(searchParams.get("status"), "confirmed");
    const approvals = scene.stack.simulator?.books()
      .filter((book) => book.orderId === orderId)
      .map((book) => book.approvals);
    assert.deepEqual(approvals, [1]);
  },
);

test(
  "a buyer who cancels in the window arrives at the fail page with Toss's own code",
  async (scene, page) => {
    const orderId = await openPaymentWindow(scene, page);

    const { path, query } = await pressAndArrive(scene, page, "cancel");

    assert.equal(path, "/payment/fail");
    assert.equal(query.code, "PAY_PROCESS_CANCELED");
    assert.match(query.message ?? "", /취소/);
    assert.equal((await orderStatus(scene, orderId))?.payments, 0);
  },
);

test(
  "a buyer whose card is declined at the confirm arrives at the fail page with the reason",
  async (scene, page) => {
    const orderId = await openPaymentWindow(scene, page);
    await page.selectOption("select[name=code]", "REJECT_CARD_COMPANY");

    const { path, query } = await pressAndArrive(
      scene,
      page,
      "decline_confirm",
    );

    assert.equal(path, "/payment/fail");
    assert.equal(query.code, "payment_confirm_failed");
    assert.equal(query.tossCode, "REJECT_CARD_COMPANY");
    assert.equal(query.orderId, orderId);
    assert.match(query.message ?? "", /[가-힣]/);
    assert.equal((await orderStatus(scene, orderId))?.payments, 0);
  },
);

test(
  "the payment window shows the order, and its page fits a phone",
  async (scene, page) => {
    await openPaymentWindow(scene, page);

    // For the eye: names a folder that gets a picture of the window.
    const folder = Deno.env.get("SCREENSHOT_DIR");
    if (folder) await page.screenshot({ path: `${folder}/payment-window.png` });
    const text = await page.locator("body").innerText();

    assert.match(text, /3,000원/);
    const overflow = await page.evaluate(
      "document.documentElement.scrollWidth - globalThis.innerWidth",
    );
    assert.ok(Number(overflow) <= 0, `${overflow} px too wide`);
  },
);

test(
  "the simulator's windows and its test payments fit a phone of 375 px, with long values too",
  async ({ stack }, page) => {
    const { simulator } = stack;
    assert.ok(simulator);
    const longName = "아주 긴 이름의 상품 ".repeat(8).trim();
    simulator.createPayment({
      orderId: "o".repeat(64),
      orderName: longName,
      amount: 123_456_789,
    });
    simulator.createPayment({
      orderId: "order-of-an-account",
      orderName: longName,
      amount: 15_000,
      method: "가상계좌",
    });
    const order = {
      clientKey: simulator.clientKey,
      orderId: "o".repeat(64),
      orderName: longName,
      amount: "123456789",
    };
    const card = {
      clientKey: simulator.clientKey,
      customerKey: "c".repeat(50),
      method: "CARD",
      successUrl: "http://127.0.0.1/success",
      failUrl: "http://127.0.0.1/fail",
    };
    await page.setViewportSize({ width: 375, height: 700 });
    const folder = Deno.env.get("SCREENSHOT_DIR");
    for (
      const [name, path] of [
        ["window", `/payment-window?${new URLSearchParams(order)}`],
        ["registration", `/billing-window?${new URLSearchParams(card)}`],
        ["payments", "/my/payment-logs"],
      ] as const
    ) {
      await page.goto(`${stack.tossApiBaseUrl}${path}`);
      const more = page.locator("summary");
      if (await more.count() > 0) await more.click();
      if (folder) {
        await page.screenshot({
          path: `${folder}/${name}.png`,
          fullPage: true,
        });
      }
      const overflow = await page.evaluate(
        "document.documentElement.scrollWidth - globalThis.innerWidth",
      );
      assert.ok(Number(overflow) <= 0, `${name} is ${overflow} px too wide`);
    }
    assert.match(await page.locator("body").innerText(), /123,456,789원/);
  },
);
