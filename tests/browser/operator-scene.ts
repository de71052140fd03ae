import assert from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import { signUp } from "../../stack/users.ts";
import { buy, type Purchase } from "../support/buy.ts";
import { subscribe } from "../support/billing.ts";
import { reprice } from "../support/consents.ts";
import { paidByTransfer } from "../support/issue-account.ts";
import {
  addEndpoint,
  type Receiver,
  startReceiver,
} from "../support/receiver.ts";
import { openShop, type Shop } from "../support/shop.ts";
import {
  deliverWebhook,
  settleWebhooks,
  statusChanged,
} from "../support/webhooks.ts";
import { requested } from "../support/withdrawals.ts";
import { launchChromium } from "./chromium.ts";

/** A shop with something of everything that the operator page shows. */
export interface OperatorScene {
  shop: Shop;
  browser: Browser;
  /** Of the page, with `/` at the end. */
  url: string;
  receiver: Receiver;
  /** Bought by card; its name is markup. */
  card: Purchase;
  /** Paid by transfer to a virtual account. */
  transfer: { orderId: string; paymentKey: string; amount: number };
  /** A webhook of Toss that was given up. */
  deadEventId: string;
  withdrawalIds: string[];
}

/** Of the plan `basic`, in won, from 30 days from now on. */
export const NEW_PRICE = 15_900;

/** What a shop would have to be mad to call a product. */
export const MARKUP = `<img src=x onerror="document.title='owned'"> 머그컵`;

async function deadEvent(shop: Shop, paymentKey: string): Promise<string> {
  await deliverWebhook(
    shop,
    statusChanged({ paymentKey, status: "DONE", orderId: "unknown" }),
    { transmissionId: crypto.randomUUID() },
  );
  await settleWebhooks(shop);
  const [row] = await shop.stack.sql<{ id: string }[]>`
    update public.webhook_events
    set status = 'dead', processed_at = null, last_error = 'UNKNOWN_ANSWER', attempts = 12
    where id = (select id from public.webhook_events order by created_at desc limit 1) returning id`;
  assert.ok(row);
  return row.id;
}

/** Opens the shop, and fills it through its own functions as far as they do such a thing. */
export async function openOperatorScene(): Promise<OperatorScene> {
  const shop = await openShop({
    webPort: 0,
    environment: { WEBHOOK_ALLOW_PRIVATE: "on" },
  });
  const { sql, webUrl } = shop.stack;
  const receiver = startReceiver();
  await sql`update public.products set name = ${MARKUP} where id = 'mug'`;
  await addEndpoint(shop, receiver.url, { description: "ERP" });
  const buyer = await signUp(shop);
  const card = await buy(shop, {
    items: [{ productId: "mug", quantity: 1 }],
    customerEmail: "minji@example.com",
  });
  const transfer = await paidByTransfer(shop);
  const withdrawalIds: string[] = [];
  for (let turn = 0; turn < 2; turn++) {
    const { orderId } = await buy(
      shop,
      { items: [{ productId: "sticker", quantity: turn + 1 }] },
      buyer.accessToken,
    );
    withdrawalIds.push(await requested(shop, orderId, buyer.accessToken));
  }
  await subscribe(shop, { planId: "basic", user: buyer });
  await reprice(sql, "basic", NEW_PRICE);
  await settleWebhooks(shop);
  await sql`
    with run as (
      insert into public.reconciliation_runs (from_date, to_date, status, started_at, finished_at)
      values ('2026-11-20', '2026-11-20', 'finished', now(), now()) returning id
    )
    insert into public.reconciliation_differences
      (run_id, kind, payment_key, is_cancel, ours, theirs, reason, created_at)
    select id, 'missing_here', 'tviva20261120094512AbCd3', false, null,
      '{"status": "DONE", "amount": 42000, "balanceAmount": 42000}', 'the order is not known here', now()
    from run`;
  const deadEventId = await deadEvent(shop, card.paymentKey);
  await sql`
    update public.webhook_deliveries
    set status = 'failed', next_attempt_at = null, attempts = 10, response_status = 500, finished_at = now()
    where id = (select id from public.webhook_deliveries order by event_sequence limit 1)`;
  return {
    shop,
    browser: await launchChromium(),
    url: `${webUrl}/operator/`,
    receiver,
    card,
    transfer,
    deadEventId,
    withdrawalIds,
  };
}

/** Ends what {@linkcode openOperatorScene} has started. */
export async function closeOperatorScene(
  { browser, receiver, shop }: OperatorScene,
): Promise<void> {
  await browser.close();
  await shop.stack.stop();
  await receiver.stop();
}

/** The languages of the page, and how a browser asks for each. */
export const LOCALES = { ko: "ko-KR", en: "en-GB" } as const;

/** How a page of the test is opened. */
export interface PageOptions {
  language?: keyof typeof LOCALES;
  width?: number;
  colorScheme?: "light" | "dark";
}

/** Runs `body` with a page that nobody has signed in on; what it complains of is a fault. */
export async function withOperatorPage(
  { browser, url }: Pick<OperatorScene, "browser" | "url">,
  { language = "en", width = 1280, colorScheme = "light" }: PageOptions,
  body: (page: Page) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext({
    locale: LOCALES[language],
    viewport: { width, height: width < 500 ? 812 : 900 },
    colorScheme,
    timezoneId: "America/New_York",
  });
  context.setDefaultTimeout(15_000);
  const problems: string[] = [];
  try {
    const page = await context.newPage();
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("console", (message) => {
      if (/Content.Security.Policy|Refused to/.test(message.text())) {
        problems.push(message.text());
      }
    });
    await page.goto(url);
    await body(page);
    assert.deepEqual(problems, []);
  } finally {
    await context.close();
  }
}

/** Enters the secret key and waits for the first page. */
export async function signInAs(page: Page, secretKey: string): Promise<void> {
  await page.locator("input[type=password]").fill(secretKey);
  await page.keyboard.press("Enter");
  await page.locator("nav").waitFor();
  await settled(page);
}

/** Waits until the page has shown what it was asked for. */
export async function settled(page: Page): Promise<void> {
  await page.locator("main:not([aria-busy])").waitFor();
}

/** Goes to a page by its address, as its links do. */
export async function goTo(page: Page, path: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(path)}`);
  await page.locator("main[aria-busy]").waitFor({ timeout: 2_000 }).catch(
    () => {},
  );
  await settled(page);
}
