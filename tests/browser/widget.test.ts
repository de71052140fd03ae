import assert from "node:assert/strict";
import type { Browser, FrameLocator, Page } from "playwright-core";
import { SIMULATOR_WIDGET_KEYS } from "../../simulator/options.ts";
import { type Simulator, startSimulator } from "../../simulator/simulator.ts";
import { launchChromium, withPage } from "./chromium.ts";
import { startWidgetPage, type WidgetPageQuery } from "./widget-page.ts";

interface Scene {
  simulator: Simulator;
  shop: ReturnType<typeof startWidgetPage>;
  browser: Browser;
}

let opened: Scene | undefined;
let orders = 0;

Deno.test.beforeAll(async () => {
  opened = {
    simulator: await startSimulator({
      port: 0,
      secretKeys: [SIMULATOR_WIDGET_KEYS],
    }),
    shop: startWidgetPage(),
    browser: await launchChromium(),
  };
});

Deno.test.afterAll(async () => {
  await opened?.browser.close();
  await opened?.shop.stop();
  await opened?.simulator.stop();
});

/** A page with the widget, ready to be used. */
interface Checkout {
  page: Page;
  simulator: Simulator;
  orderId: string;
  methods: FrameLocator;
  agreement: FrameLocator;
}

function test(
  name: string,
  query: Partial<WidgetPageQuery>,
  body: (checkout: Checkout) => Promise<void>,
): void {
  Deno.test({
    name,
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      const scene = opened;
      if (scene === undefined) throw new Error("the servers did not start");
      const { simulator, shop } = scene;
      const orderId = `widget-order-${++orders}`;
      await withPage(scene.browser, async (page) => {
        await page.goto(`${shop.url}/?${new URLSearchParams({
          src: `${simulator.url}/v2/standard`,
          clientKey: simulator.clientKey,
          orderId,
          amount: "60000",
          ...query,
        })}`);
        await page.waitForSelector("[data-ready]");
        await body({
          page,
          simulator,
          orderId,
          methods: page.frameLocator("#methods iframe"),
          agreement: page.frameLocator("#agreement iframe"),
        });
      });
    },
  });
}

/** For the eye: names a folder that gets a picture of the page. */
async function picture(page: Page, name: string): Promise<void> {
  const folder = Deno.env.get("SCREENSHOT_DIR");
  if (!folder) return;
  await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
}

function seen(page: Page): Promise<unknown[]> {
  return page.evaluate("globalThis.events");
}

/** Confirms what the success page was given, as a shop's server does. */
async function confirmed(
  { page, simulator }: Checkout,
  // deno-lint-ignore no-explicit-any -- a payment as Toss answers it.
): Promise<any> {
  await page.waitForURL(/\/success\?/);
  const query = Object.fromEntries(new URL(page.url()).searchParams);
  assert.equal(query.paymentType, "NORMAL");
  assert.equal(query.shop, "1");
  const { paymentKey, orderId } = query;
  const answer = await fetch(`${simulator.url}/v1/payments/confirm`, {
    method: "POST",
    headers: {
      authorization: `Basic ${btoa(`${simulator.secretKey}:`)}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({
      paymentKey,
      orderId,
      amount: Number(query.amount),
    }),
  });
  assert.equal(answer.status, 200);
  return await answer.json();
}

test(
  "the widget asks for a card company and the terms, and pays by card in instalments",
  {},
  async (checkout) => {
    const { page, methods, agreement } = checkout;
    const problem = page.locator("#problem");
    await page.click("#pay");
    await problem.filter({ hasText: "NEED_CARD_PAYMENT_DETAIL" }).waitFor();

    await methods.getByText("현대", { exact: true }).click();
    await methods.locator("[name=cardInstallmentPlan]").selectOption("3");
    await agreement.getByRole("checkbox").uncheck();
    await picture(page, "widget");
    await page.click("#pay");
    await problem
      .filter({ hasText: "NEED_AGREEMENT_WITH_REQUIRED_TERMS" }).waitFor();
    await agreement.getByRole("checkbox").check();
    assert.deepEqual(await seen(page), [true, false, true]);

    await page.click("#pay");
    await page.waitForURL(/\/payment-window\?/);
    assert.match(await page.locator("dl").innerText(), /현대카드 · 3개월 할부/);
    await picture(page, "widget-card");
    await page.click("button[value=pay]");

    const payment = await confirmed(checkout);
    assert.equal(payment.method, "카드");
    assert.equal(payment.card.issuerCode, "61");
    assert.equal(payment.card.installmentPlanMonths, 3);
  },
);

test(
  "the widget pays by easy pay, and tells which method is chosen",
  { amount: "10000" },
  async (checkout) => {
    const { page, methods } = checkout;
    const closed = methods.locator(
      "[name=cardInstallmentPlan] option:disabled",
    );
    assert.equal(await closed.count(), 11);
    await page.evaluate(
      "widgets.setAmount({ currency: 'KRW', value: 70000 })",
    );
    await methods.locator("option[value='3']:enabled")
      .waitFor({ state: "attached" });
    await methods.getByText("카카오페이").click();
    await page.waitForFunction("globalThis.events.includes('KAKAOPAY')");
    assert.deepEqual(
      await page.evaluate("methods.getSelectedPaymentMethod()"),
      { code: "KAKAOPAY" },
    );

    await page.click("#pay");
    await page.waitForURL(/\/payment-window\?/);
    await page.click("button[value=pay]");

    const payment = await confirmed(checkout);
    assert.equal(payment.method, "간편결제");
    assert.equal(payment.easyPay.provider, "카카오페이");
    assert.equal(payment.totalAmount, 70_000);
  },
);

test(
  "the widget leads to a transfer with a cash receipt, and to a virtual account",
  {},
  async (checkout) => {
    const { page, methods } = checkout;
    await methods.getByText("퀵계좌이체").click();
    await page.click("#pay");
    await page.waitForURL(/\/payment-window\?/);
    await page.selectOption("[name=transferBankCode]", "88");
    await page.selectOption("[name=receiptType]", "소득공제");
    await page.fill("[name=receiptNumber]", "01000001234");
    await picture(page, "window-transfer");
    await page.click("button[value=pay]");
    const payment = await confirmed(checkout);
    assert.equal(payment.transfer.bankCode, "88");
    assert.equal(payment.cashReceipt.type, "소득공제");

    await page.goBack();
    await page.goBack();
    await page.waitForSelector("[data-ready]");
    await methods.getByText("가상계좌").click();
    await page.evaluate("setTimeout(() => pay(), 0)");
    await page.waitForURL(/\/payment-window\?/);
    await picture(page, "window-account");
    assert.equal(await page.locator("[name=bank]").count(), 1);
  },
);

test(
  "the widget's window in a frame rejects when it is closed, and pays afterwards",
  { windowTarget: "iframe" },
  async (checkout) => {
    const { page, methods } = checkout;
    await methods.getByText("네이버페이").click();
    const shown = page.frameLocator("body > iframe");
    await page.click("#pay");
    await shown.locator("button[value=cancel]").click();
    await page.locator("#problem", { hasText: "USER_CANCEL" }).waitFor();

    await page.click("#pay");
    assert.equal(
      await page.evaluate("pay().catch((error) => error.code)"),
      "INVALID_METHOD_TRANSACTION",
    );
    await shown.locator("button[value=pay]").click();
    const payment = await confirmed(checkout);
    assert.equal(payment.easyPay.provider, "네이버페이");
  },
);

test(
  "the widget refuses a second one in its place, unknown events and selectors",
  {},
  async ({ page }) => {
    const code = (call: string) =>
      page.evaluate(
        `(async () => { try { await ${call}; } catch (error) { return error.code; } })()`,
      );
    for (
      const [call, expected] of [
        [
          `widgets.renderPaymentMethods({ selector: "#methods" })`,
          "PAYMENT_METHODS_WIDGET_ALREADY_RENDERED",
        ],
        [
          `widgets.renderAgreement({ selector: "#agreement" })`,
          "AGREEMENT_WIDGET_ALREADY_RENDERED",
        ],
        [`methods.on("change", () => {})`, "INVALID_PARAMETER"],
        [`agreement.on("agreementStatusChange", 1)`, "INVALID_PARAMETER"],
        [`methods.destroy()`, undefined],
        [
          `widgets.renderPaymentMethods({ selector: "#nothing" })`,
          "INVALID_SELECTOR",
        ],
        [
          `widgets.renderPaymentMethods({ selector: "#methods", variantKey: "" })`,
          "INVALID_VARIANT_KEY",
        ],
        [`widgets.renderPaymentMethods({ selector: "#methods" })`, undefined],
      ] as const
    ) assert.equal(await code(call), expected, call);
  },
);

test(
  "the widget and the window speak English on an English page, and fit a phone of 375 px",
  { lang: "en" },
  async ({ page, methods, agreement }) => {
    await page.setViewportSize({ width: 375, height: 720 });
    await methods.getByText("More cards").click();
    await methods.getByText("K bank").click();
    await agreement.getByText("[Required]").waitFor();
    await picture(page, "widget-english");
    const overflow = () =>
      page.evaluate<number>(
        "document.documentElement.scrollWidth - globalThis.innerWidth",
      );
    assert.ok(await overflow() <= 0);
    await page.click("#pay");
    await page.waitForURL(/\/payment-window\?/);
    assert.equal(
      await page.locator("button[value=pay]").innerText(),
      "Pay ₩60,000",
    );
    assert.ok(await overflow() <= 0);
    await picture(page, "window-english");
  },
);
