import assert from "node:assert/strict";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { PROJECT_ROOT } from "../../stack/paths.ts";
import { freePort } from "../../stack/ports.ts";
import { type Stack, startStack } from "../../stack/stack.ts";
import { waitUntil } from "../../stack/wait-until.ts";
import { fencesOf } from "../docs/support/markdown.ts";
import { launchChromium, withPage } from "./chromium.ts";

/** The page and the command that serves it, as docs/quick-start.md shows them. */
interface Recipe {
  html: string;
  serve: string;
}

interface Scene {
  stack: Stack;
  browser: Browser;
  url: string;
  server: Deno.ChildProcess;
  folder: string;
}

async function readRecipe(): Promise<Recipe> {
  const text = await Deno.readTextFile(
    join(PROJECT_ROOT, "docs", "quick-start.md"),
  );
  const fences = fencesOf(text);
  const html = fences.find(({ language }) => language === "html")?.code;
  const serve = fences.find(({ code }) => code.includes("createServer"))?.code;
  assert.ok(html && serve, "the page and its server are shown");
  return { html, serve };
}

/** What the reader fills in, and the simulator's script in the place of Toss's. */
function fillIn(html: string, stack: Stack): string {
  const filled = html
    .replace("https://<ref>.supabase.co", stack.apiUrl)
    .replace("sb_publishable_…", stack.publishableKey)
    .replace(
      "https://js.tosspayments.com/v2/standard",
      `${stack.tossApiBaseUrl}/v2/standard`,
    );
  assert.ok(!filled.includes("…") && !filled.includes("js.tosspayments.com"));
  return filled;
}

async function isServing(url: string): Promise<boolean> {
  return await fetch(url).then(
    async (answer) => {
      await answer.body?.cancel();
      return answer.ok;
    },
    () => false,
  );
}

async function openScene(): Promise<Scene> {
  const { html, serve } = await readRecipe();
  const port = freePort();
  const url = `http://localhost:${port}`;
  const stack = await startStack({
    environment: {
      APP_URL: url,
      CORS_ALLOWED_ORIGINS: url,
      APP_SUCCESS_PATH: "/payment/success",
      APP_FAIL_PATH: "/payment/fail",
    },
  });
  const folder = await Deno.makeTempDir({ prefix: "quick-start-" });
  await Deno.writeTextFile(join(folder, "shop.html"), fillIn(html, stack));
  const server = new Deno.Command("bash", {
    args: ["-c", `exec ${serve.replace("listen(3000)", `listen(${port})`)}`],
    cwd: folder,
    stdin: "null",
    stdout: "null",
  }).spawn();
  assert.ok(await waitUntil(() => isServing(url), { timeoutMs: 120_000 }));
  return { stack, browser: await launchChromium(), url, server, folder };
}

let scene: Scene;

Deno.test.beforeAll(async () => {
  scene = await openScene();
});

Deno.test.afterAll(async () => {
  await scene.browser.close();
  scene.server.kill();
  await scene.server.status;
  await scene.stack.stop();
  await Deno.remove(scene.folder, { recursive: true });
});

Deno.test({
  name:
    "docs/quick-start.md: its page takes the first payment and shows the result",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const { stack, browser, url } = scene;
    await withPage(browser, async (page) => {
      await page.goto(url);
      await page.click("#buy");
      await page.waitForURL(/\/payment-window\?/);
      await page.click('button[value="pay"]');
      await page.waitForURL(`${url}/payment/success?**`);
      const shown = await page.locator("#result").innerText();

      assert.match(shown, /^\?orderId=ord_\w+\nstatus=confirmed$/);
      const [, orderId = ""] = /orderId=(\w+)/.exec(shown) ?? [];
      const [order] = await stack.sql`
        select status, amount::int from public.orders where id = ${orderId}`;
      assert.deepEqual(order, { status: "paid", amount: 3000 });
    });
  },
});

Deno.test({
  name: "docs/quick-start.md: its page shows why a checkout was refused",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const { stack, browser, url } = scene;
    await stack
      .sql`update public.products set active = false where id = 'sticker'`;
    await withPage(browser, async (page) => {
      await page.goto(url);
      await page.click("#buy");
      const shown = page.locator("#result", { hasText: "product_not_found" });
      await shown.waitFor();
    });
  },
});
