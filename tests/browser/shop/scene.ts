import assert from "node:assert/strict";
import { join } from "node:path";
import type {
  Browser,
  BrowserContext,
  FrameLocator,
  Page,
} from "playwright-core";
import { withLocalWidget } from "../../../stack/local-widget.ts";
import { assertBooksAgree } from "../../support/books.ts";
import { calmDown, openShop, type Shop } from "../../support/shop.ts";
import { settleWebhooks } from "../../support/webhooks.ts";
import { launchChromium } from "../chromium.ts";

/** Who looks at the shop, and with what. */
export interface Visitor {
  locale?: "ko" | "en";
  width?: 375 | 1280;
}

/** One test's visit to the shop. */
export interface Visit {
  shop: Shop;
  context: BrowserContext;
  page: Page;
  url: string;
  locale: "ko" | "en";
}

interface Scene {
  shop: Shop;
  browser: Browser;
}

let opened: Scene | undefined;

async function open(): Promise<Scene> {
  const [shop, browser] = await Promise.all([
    openShop({ webPort: 0, shop: true, environment: withLocalWidget({}) }),
    launchChromium(),
  ]);
  await shop.stack.buildShop();
  return { shop, browser };
}

Deno.test.beforeAll(async () => {
  opened = await open();
});

Deno.test.afterAll(async () => {
  await opened?.browser.close();
  await opened?.shop.stack.stop();
});

/** Registers a test that visits the shop as one visitor, and compares the books afterwards. */
export function shopTest(
  name: string,
  { locale = "ko", width = 375 }: Visitor,
  body: (visit: Visit) => Promise<void>,
): void {
  Deno.test({
    name,
    // The servers and the browser outlive a single test.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      const scene = opened;
      if (scene === undefined) throw new Error("the shop did not open");
      const { shop, browser } = scene;
      const context = await browser.newContext({
        locale: locale === "ko" ? "ko-KR" : "en-US",
        viewport: { width, height: 800 },
        reducedMotion: "reduce",
      });
      context.setDefaultTimeout(20_000);
      try {
        const page = await context.newPage();
        const url = shop.stack.webUrl ?? "";
        await body({ shop, context, page, url, locale });
        await settleWebhooks(shop);
        await assertBooksAgree(shop);
      } finally {
        await context.close();
        await calmDown(shop);
      }
    },
  });
}

/** For the documents: SHOP_PICTURES names a folder that gets a picture. */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = Deno.env.get("SHOP_PICTURES");
  if (!folder) return;
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

/** Makes an account with the one click of local development. */
export async function signIn({ page, url, locale }: Visit): Promise<void> {
  await page.goto(`${url}/my`);
  await page.getByRole("button", {
    name: locale === "ko"
      ? "체험 계정으로 시작하기"
      : "Start with a trial account",
  }).click();
  await page.getByRole("heading", {
    level: 1,
    name: locale === "ko" ? "내 페이지" : "My page",
  }).waitFor();
}

/** Puts one of a product into the cart, from the first page. */
export async function putIntoCart(
  { page, url }: Visit,
  productId = "sticker",
): Promise<void> {
  await page.goto(url);
  await page.locator(`[data-product="${productId}"] button`).click();
}

/** The frames of Toss's widget. */
export function widgetOf(page: Page): {
  methods: FrameLocator;
  agreement: FrameLocator;
} {
  return {
    methods: page.frameLocator('[data-testid="payment-methods"] iframe'),
    agreement: page.frameLocator('[data-testid="agreement"] iframe'),
  };
}

/** The button that pays, once the page is ready to. */
export function payButton({ page, locale }: Pick<Visit, "page" | "locale">) {
  return page.getByRole("button", {
    name: locale === "ko" ? /원 결제하기$/ : /^Pay ₩/,
  });
}

/** From the cart to Toss's window with a method of the widget; the order's id. */
export async function openWindowByWidget(
  visit: Visit,
  method: string,
  card?: string,
): Promise<string> {
  const { page, url } = visit;
  await page.goto(`${url}/checkout`);
  const { methods } = widgetOf(page);
  await methods.getByText(method, { exact: true }).click();
  if (card) await methods.getByText(card, { exact: true }).click();
  await payButton(visit).click();
  return await inWindow(page);
}

/** Waits for Toss's window; the id of the order it is about. */
export async function inWindow(page: Page): Promise<string> {
  await page.waitForURL(/\/payment-window\?/);
  const orderId = new URL(page.url()).searchParams.get("orderId");
  assert.ok(orderId);
  return orderId;
}

/** Presses a button of Toss's window and comes back to the shop. */
export async function press(
  { page, url }: Visit,
  action: "pay" | "cancel" | "decline" | "decline_confirm" | "register",
): Promise<void> {
  await page.click(`button[value="${action}"]`);
  await page.waitForURL((to) => to.origin === url);
}

/** Waits for a text anywhere on the page. */
export async function sees(page: Page, text: string | RegExp): Promise<void> {
  await page.getByText(text).first().waitFor();
}

/** How an order stands, and how often money was taken for it. */
export async function orderNow({ shop }: Visit, orderId: string) {
  const [row] = await shop.stack.sql<{ status: string }[]>`
    select status from public.orders where id = ${orderId}`;
  const taken = shop.simulator.books()
    .filter((book) => book.orderId === orderId)
    .reduce((sum, { approvals }) => sum + approvals, 0);
  return { status: row?.status, taken };
}

/** The signed-in visitor's token, as the page keeps it. */
export async function tokenOf(page: Page): Promise<string> {
  const kept = await page.evaluate<string | null>(`
    Object.entries(localStorage).find(([key]) => /^sb-.*-auth-token$/.test(key))?.[1] ?? null`);
  return JSON.parse(kept ?? "{}").access_token;
}

/** Goes to a plan's last step by the list of plans. */
export async function choose(
  { page, url }: Visit,
  planId: string,
): Promise<void> {
  await page.goto(`${url}/plans`);
  await page.locator(`[data-plan="${planId}"] button`).click();
  await page.waitForURL(`${url}/plans/${planId}`);
}

/** Subscribes with a card that Toss's window registers. */
export async function subscribeByNewCard(
  visit: Visit,
  planId: string,
): Promise<void> {
  const { page, locale } = visit;
  await choose(visit, planId);
  await page.getByLabel(locale === "ko" ? "새 카드로" : "A new card").check();
  await page.getByRole("button", {
    name: /^(구독하기|무료 체험 시작하기|Subscribe|Start the free trial)$/,
  }).click();
  await page.waitForURL(/\/billing-window\?/);
  await press(visit, "register");
}
