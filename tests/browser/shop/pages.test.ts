import assert from "node:assert/strict";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import axe from "axe-core";
import type { Page } from "playwright-core";
import {
  SIMULATOR_KEYS,
  SIMULATOR_WIDGET_KEYS,
} from "../../../simulator/options.ts";
import {
  openWindowByWidget,
  picture,
  press,
  putIntoCart,
  sees,
  shopTest,
  signIn,
  type Visit,
  widgetOf,
} from "./scene.ts";

const MOST_SCRIPT_BYTES = 150_000;
const LARGEST_PAINT_MS = 1500;

/** What secrets look like, whosever they are: Toss's keys, Supabase's keys, tokens. */
const SECRET_FORMS = [
  /(?:test|live)_g?sk_\w{6,}/g,
  /sb_secret_\w{6,}/g,
  /eyJ[\w-]{20,}/g,
];

/** What axe finds that keeps somebody from using the page. */
async function barriers(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  return await page.evaluate(`(async () => {
    const { violations } = await axe.run(document, {
      iframes: false,
      resultTypes: ["violations"],
    });
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => id + ": " + nodes[0].html);
  })()`);
}

/** A page is usable, fits its width, and is pictured. */
async function look({ page, locale }: Visit, name: string): Promise<void> {
  await picture(page, `${name}.${locale}`);
  assert.deepEqual(await barriers(page), [], name);
  const overflow = await page.evaluate<number>(
    "document.documentElement.scrollWidth - globalThis.innerWidth",
  );
  assert.ok(overflow <= 0, `${name} is ${overflow} px too wide`);
}

/** Every page of the shop, one after the other. */
async function lookAround(visit: Visit): Promise<void> {
  const { page, url, locale } = visit;
  const korean = locale === "ko";
  await page.goto(url);
  await page.locator("[data-product] button").first().waitFor();
  await look(visit, "products");
  await putIntoCart(visit, "mug");
  await page.locator('[data-product="tshirt"] button').click();
  await page.goto(`${url}/cart`);
  await page.locator("li svg").first().waitFor();
  await look(visit, "cart");
  await page.goto(`${url}/plans`);
  await page.locator("[data-plan] button").first().waitFor();
  await look(visit, "plans");
  await page.goto(`${url}/my`);
  await page.getByRole("textbox").first().waitFor();
  await look(visit, "sign-in");
  await signIn(visit);
  await page.goto(`${url}/plans/pro`);
  await page.locator("[name=payment-method]").first().waitFor();
  await look(visit, "subscribe");
  await page.goto(`${url}/checkout`);
  await widgetOf(page).agreement.getByRole("checkbox").waitFor();
  // A frame that was never in view is not in the picture.
  for (const place of ["document.body.scrollHeight", "0"]) {
    await page.evaluate(
      `new Promise((done) => {
        scrollTo(0, ${place});
        requestAnimationFrame(() => requestAnimationFrame(() => done()));
      })`,
    );
  }
  await look(visit, "checkout");
  await openWindowByWidget(
    visit,
    korean ? "신용·체크카드" : "Card",
    korean ? "현대" : "Hyundai",
  );
  await look(visit, "toss-window");
  await press(visit, "pay");
  await sees(page, korean ? "결제가 완료됐어요" : "Your payment is complete");
  await look(visit, "payment-result");
  await page.goto(`${url}/my`);
  await page.locator("[data-order] summary").first().click();
  await look(visit, "my-page");
}

shopTest(
  "every page can be used by everybody and fits: Korean, 375 px",
  { locale: "ko", width: 375 },
  lookAround,
);

shopTest(
  "every page can be used by everybody and fits: English, 1280 px",
  { locale: "en", width: 1280 },
  lookAround,
);

shopTest(
  "the first page is light and soon there, and holds no secret",
  {},
  async (visit) => {
    const { page, url, shop } = visit;
    const { stack } = shop;
    const scripts = new Map<string, string>();
    page.on("response", async (answer) => {
      if (!/\.js$/.test(new URL(answer.url()).pathname)) return;
      scripts.set(answer.url(), await answer.text());
    });
    await page.goto(url, { waitUntil: "networkidle" });
    await page.locator("[data-product] button").first().waitFor();
    const bytes = [...scripts.values()]
      .reduce((sum, script) => sum + gzipSync(script).byteLength, 0);
    assert.ok(scripts.size > 0);
    assert.ok(bytes < MOST_SCRIPT_BYTES, `${bytes} bytes of script`);

    const paint = await soonestPaint(visit);
    assert.ok(paint < allowedPaint(), `largest paint after ${paint} ms`);

    const secrets = [
      stack.secretKey,
      stack.jwtSecret,
      stack.cronSecret,
      SIMULATOR_KEYS.secretKey,
      SIMULATOR_WIDGET_KEYS.secretKey,
    ];
    const told = [
      ...await builtFiles(await stack.buildShop()),
      await (await fetch(`${url}/config.json`)).text(),
    ];
    for (const secret of secrets) {
      assert.ok(told.every((text) => !text.includes(secret)), secret);
    }
    for (const form of SECRET_FORMS) {
      assert.deepEqual(told.flatMap((text) => text.match(form) ?? []), []);
    }
  },
);

/** The bound on a machine of its own; where others work beside the test, as much longer as they make everything. */
function allowedPaint(): number {
  const [load = 0] = Deno.loadavg();
  return LARGEST_PAINT_MS * Math.max(1, load / navigator.hardwareConcurrency);
}

/** Milliseconds to the largest paint with nothing kept; the best of several, since other tests run beside it. */
async function soonestPaint({ page, context, url }: Visit): Promise<number> {
  const browser = context.browser();
  assert.ok(browser);
  await page.close();
  const paints: number[] = [];
  while (paints.length < 5 && !paints.some((ms) => ms < LARGEST_PAINT_MS)) {
    const fresh = await browser.newContext();
    const first = await fresh.newPage();
    await first.addInitScript(`
      globalThis.paints = [];
      new PerformanceObserver((list) => paints.push(...list.getEntries()))
        .observe({ type: "largest-contentful-paint", buffered: true });`);
    await first.goto(url, { waitUntil: "networkidle" });
    await first.locator("[data-product] button").first().waitFor();
    paints.push(
      await first.evaluate<number>(
        "Math.max(...paints.map(({ startTime }) => startTime))",
      ),
    );
    await fresh.close();
  }
  return Math.min(...paints);
}

async function builtFiles(directory: string): Promise<string[]> {
  const texts: string[] = [];
  for await (const entry of Deno.readDir(directory)) {
    const path = join(directory, entry.name);
    if (entry.isDirectory) texts.push(...await builtFiles(path));
    else texts.push(await Deno.readTextFile(path));
  }
  return texts;
}
