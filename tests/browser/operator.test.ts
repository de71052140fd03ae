import assert from "node:assert/strict";
import axe from "axe-core";
import type { Locator, Page } from "playwright-core";
import { PROJECT_ROOT } from "../../stack/paths.ts";
import { takePictures } from "./operator-pictures.ts";
import { settleWebhooks } from "../support/webhooks.ts";
import { withdrawalRow } from "../support/withdrawals.ts";
import {
  closeOperatorScene,
  goTo,
  MARKUP,
  openOperatorScene,
  type OperatorScene,
  type PageOptions,
  settled,
  signInAs,
  withOperatorPage,
} from "./operator-scene.ts";

let scene: OperatorScene;

Deno.test.beforeAll(async () => {
  scene = await openOperatorScene();
});

Deno.test.afterAll(() => closeOperatorScene(scene));

/** The servers and the browser outlive a single test, hence no sanitizers. */
function test(
  name: string,
  body: (page: Page, scene: OperatorScene) => Promise<void>,
  options: PageOptions = {},
): void {
  Deno.test({
    name,
    sanitizeOps: false,
    sanitizeResources: false,
    fn: () => withOperatorPage(scene, options, (page) => body(page, scene)),
  });
}

const secretKey = () => scene.shop.stack.secretKey;

/** What axe finds on the page as it is. */
async function assertIsAccessible(page: Page, where: string): Promise<void> {
  await page.evaluate(axe.source);
  const found: string[] = await page.evaluate(`(async () => {
    const { violations } = await axe.run(document);
    return violations.map(({ id, nodes }) => id + ": " + nodes.map(({ html }) => html).join(" "));
  })()`);
  assert.deepEqual(found, [], where);
}

async function assertFits(page: Page, where: string): Promise<void> {
  const [content = 0, width = 0] = await page.evaluate<number[]>(
    "[document.documentElement.scrollWidth, innerWidth]",
  );
  assert.ok(content <= width, `${where}: ${content} > ${width}`);
}

/** What has the focus, by its text. */
function focused(page: Page): Promise<string> {
  return page.evaluate<string>("document.activeElement?.textContent ?? ''");
}

function button(within: Page | Locator, name: string): Locator {
  return within.getByRole("button", { name, exact: true });
}

test(
  "the operator page opens with the secret key alone, and forgets it",
  async (page, { shop, url }) => {
    const key = page.locator("input[type=password]");
    for (
      const [value, said] of [
        ["", /Enter the secret key/],
        ["sb_secret_of_nobody", /does not know this key/],
        [shop.stack.publishableKey, /not its secret key/],
      ] as const
    ) {
      await key.fill(value);
      await button(page, "Open").click();
      await page.getByRole("alert").filter({ hasText: said }).waitFor();
    }

    await signInAs(page, shop.stack.secretKey);
    await goTo(page, "#/orders");
    const kept = await page.evaluate<Record<string, string>>(`(async () => ({
    storage: JSON.stringify([
      { ...localStorage }, { ...sessionStorage }, await indexedDB.databases(), await caches.keys(),
    ]),
    cookie: document.cookie,
    address: location.href,
    markup: document.documentElement.outerHTML +
      Array.from(document.querySelectorAll("input"), (one) => one.value).join(),
    history: JSON.stringify(history.state),
  }))()`);
    for (const [where, text] of Object.entries(kept)) {
      assert.ok(!text.includes(shop.stack.secretKey), where);
    }
    assert.deepEqual(kept.storage, JSON.stringify([{}, {}, [], []]));

    await page.reload();
    await page.locator("input[type=password]").waitFor();
    await signInAs(page, shop.stack.secretKey);
    await button(page, "Lock").click();
    await page.locator("input[type=password]").waitFor();
    assert.equal(page.url(), `${url}#`.replace(/#$/, "#"));
  },
);

test(
  "its requests go to its own origin alone, with the key in one header",
  async (page, { url }) => {
    const foreign: string[] = [];
    const leaks: string[] = [];
    page.on("request", (request) => {
      if (!request.url().startsWith(url)) foreign.push(request.url());
      if (request.url().includes(secretKey())) leaks.push(request.url());
    });
    await signInAs(page, secretKey());
    for (
      const view of [
        "orders",
        "webhooks",
        "differences",
        "withdrawals",
        "endpoints",
      ]
    ) await goTo(page, `#/${view}`);
    assert.deepEqual([foreign, leaks], [[], []]);
  },
);

test(
  "today's figures are the database's, and the plots are drawn and readable",
  async (page, { shop }) => {
    await signInAs(page, secretKey());
    const [figures] = await shop.stack.sql<{ net: number; payments: number }[]>`
    select sum(net_amount)::int as net, sum(payments)::int as payments from public.daily_revenue`;
    assert.ok(figures);
    const tiles = page.locator(".tile");
    assert.match(
      await tiles.nth(0).innerText(),
      new RegExp(`₩${figures.net.toLocaleString("en")}`),
    );
    assert.match(
      await tiles.nth(1).innerText(),
      new RegExp(`Payments today\\s+${figures.payments}\\s`),
    );
    const plots = page.getByRole("img");
    assert.equal(await plots.locator("canvas").count(), 2);
    assert.match(
      `${await plots.first().getAttribute("aria-label")}`,
      /Revenue by day.*₩/,
    );
    const prices = page.locator(".panel", {
      hasText: "New prices and consent",
    });
    assert.match(
      await prices.innerText(),
      /basic · ₩15,900[^]*Asked\s+0\s+Agreed\s+0/,
    );
    await page.getByText("As a table").first().click();
    assert.equal(await page.locator("details[open] tr").count(), 30);
  },
);

test(
  "an order is found by its buyer's address and told; markup in its name is text",
  async (page, { card }) => {
    await signInAs(page, secretKey());
    await goTo(page, "#/orders");
    await page.getByRole("searchbox").fill("MINJI@example.com");
    await button(page, "Search").click();
    await page.waitForURL(/#\/orders\/ord_/);
    await settled(page);

    assert.ok((await page.locator("h1").innerText()).includes(MARKUP));
    assert.equal(await page.locator("main img").count(), 0);
    assert.equal(await page.title(), "Operator");
    assert.ok(page.url().endsWith(card.orderId));
    assert.ok(await page.locator(".timeline li").count() > 5);
    await page.getByText("confirm of 9,900 KRW succeeded").waitFor();
    await page.locator(".command code").filter({ hasText: "toss" }).waitFor();
  },
);

test(
  "a refund needs its amount typed, happens once, and is tried again under the same requestId",
  async (page, { shop, card }) => {
    const sent: { requestId: string; cancelAmount: number }[] = [];
    let isLost = true;
    await page.route("**/functions/v1/cancel", async (route) => {
      sent.push(route.request().postDataJSON());
      // Done at Toss; the answer is lost on the way.
      const answer = await route.fetch();
      await new Promise((resolve) => setTimeout(resolve, 200));
      if (isLost) await route.abort();
      else await route.fulfill({ response: answer });
      isLost = false;
    });
    await signInAs(page, secretKey());
    await goTo(page, `#/orders/${card.orderId}`);
    const opener = button(page, "Refund");
    await opener.click();
    const dialog = page.getByRole("dialog");
    const amount = dialog.getByLabel("Amount to refund");
    const now = button(dialog, "Refund now");
    await dialog.getByLabel("Reason").fill("broken on arrival");
    for (const wrong of ["", "0", "9,901", "12.5", "all", "-1"]) {
      await amount.fill(wrong);
      assert.ok(await now.isDisabled(), wrong);
    }
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    assert.equal(await focused(page), "Refund");

    await opener.click();
    await dialog.getByLabel("Reason").fill("broken on arrival");
    await amount.fill("4,000");
    await now.dblclick();
    await dialog.getByRole("alert").filter({ hasText: "No answer" }).waitFor();
    assert.equal(sent.length, 1);
    assert.ok(!await amount.isEditable());
    await now.dblclick();
    await dialog.waitFor({ state: "detached" });
    await settled(page);

    assert.equal(sent.length, 2);
    assert.deepEqual(sent[0], sent[1]);
    const [book] = shop.simulator.books()
      .filter(({ paymentKey }) => paymentKey === card.paymentKey);
    assert.deepEqual(book?.cancels.map(({ cancelAmount }) => cancelAmount), [
      4000,
    ]);
    assert.match(await page.locator(".facts").first().innerText(), /₩5,900/);
  },
);

test(
  "a refund of a virtual account asks for the buyer's account, and starts anew after a refusal",
  async (page, { shop, transfer }) => {
    const sent: { requestId: string }[] = [];
    await page.route("**/functions/v1/cancel", async (route) => {
      sent.push(route.request().postDataJSON());
      await route.continue();
    });
    await signInAs(page, secretKey());
    await goTo(page, `#/orders/${transfer.orderId}`);
    await button(page, "Refund").click();
    const dialog = page.getByRole("dialog");
    const now = button(dialog, "Refund now");
    await dialog.getByLabel("Amount to refund").fill(`${transfer.amount}`);
    await dialog.getByLabel("Reason").fill("changed their mind");
    assert.ok(await now.isDisabled());
    await dialog.getByLabel("Bank").fill("no such bank");
    await dialog.getByLabel("Account number, digits only").fill("110413789012");
    await dialog.getByLabel("Account holder").fill("박은닉");
    await now.click();
    await dialog.getByRole("alert").filter({ hasText: "invalid_request" })
      .waitFor();
    await dialog.getByLabel("Bank").fill("신한");
    await now.click();
    await dialog.waitFor({ state: "detached" });
    await settled(page);

    assert.equal(sent.length, 2);
    assert.notEqual(sent[0]?.requestId, sent[1]?.requestId);
    const [book] = shop.simulator.books()
      .filter(({ paymentKey }) => paymentKey === transfer.paymentKey);
    assert.equal(book?.balanceAmount, 0);
  },
);

test(
  "what was given up is worked off and sent again",
  async (page, { shop, deadEventId, receiver }) => {
    await signInAs(page, secretKey());
    await goTo(page, "#/webhooks");
    receiver.received.length = 0;
    const panels = page.locator(".panel");
    for (const place of [0, 1]) {
      const row = panels.nth(place).locator("li").first();
      await button(row, "Replay").click();
      await row.getByText("Queued again: 1").waitFor();
      assert.ok(await button(row, "Replay").isDisabled());
    }
    await settleWebhooks(shop);
    const [event] = await shop.stack.sql`
    select status from public.webhook_events where id = ${deadEventId}`;
    assert.equal(event?.status, "processed");
    const failed = await shop.stack.sql`
    select 1 from public.webhook_deliveries where status = 'failed'`;
    assert.equal(failed.length, 0);
    assert.ok(receiver.received.length > 0);
  },
);

test("a difference is closed once a person says so", async (page, { shop }) => {
  await signInAs(page, secretKey());
  await goTo(page, "#/differences");
  await button(page, "Settled by hand").click();
  await button(page.getByRole("dialog"), "Settled by hand").click();
  await page.getByText("Toss and the database tell the same.").waitFor();
  const [row] = await shop.stack.sql`
    select resolution from public.reconciliation_differences`;
  assert.equal(row?.resolution, "by_hand");
});

test(
  "a withdrawal is accepted with its refund, another one refused with a reason",
  async (page, { shop, withdrawalIds }) => {
    await signInAs(page, secretKey());
    await goTo(page, "#/withdrawals");
    const [accepted = "", refused = ""] = withdrawalIds;
    const open = page.locator(".panel").first().locator("li");
    assert.equal(await open.count(), 2);
    assert.match(await open.first().innerText(), /\d (days|h) left/);

    await button(open.first(), "Accept and refund").click();
    const dialog = page.getByRole("dialog");
    await button(dialog, "Accept and refund").dblclick();
    await dialog.waitFor({ state: "detached" });
    await settled(page);
    assert.equal(await open.count(), 1);

    await button(open.first(), "Refuse").click();
    const refuse = button(dialog, "Refuse");
    assert.ok(await refuse.isDisabled());
    await dialog.getByLabel("Reason, for the buyer to read").fill(
      "It was used.",
    );
    await refuse.click();
    await page.getByText("Nobody wants to give anything back.").waitFor();

    const first = await withdrawalRow(shop, accepted);
    assert.deepEqual([first?.status, first?.has_refund], ["accepted", true]);
    const second = await withdrawalRow(shop, refused);
    assert.deepEqual([second?.status, second?.decision_reason], [
      "refused",
      "It was used.",
    ]);
  },
);

test(
  "an endpoint is added, shows its secret once, and is disabled",
  async (page, { shop, receiver }) => {
    await signInAs(page, secretKey());
    await goTo(page, "#/endpoints");
    const url = `${receiver.url}/second`;
    await page.getByLabel("URL").fill("ftp://nowhere");
    await button(page, "Add").click();
    await page.getByRole("alert").filter({ hasText: "url_not_allowed" })
      .waitFor();
    await page.getByLabel("URL").fill(url);
    await button(page, "Add").click();
    const dialog = page.getByRole("dialog");
    assert.match(await dialog.locator("pre").innerText(), /^whsec_/);
    await button(dialog, "I have kept it").click();
    await dialog.waitFor({ state: "detached" });
    await settled(page);
    assert.ok(!(await page.locator("body").innerText()).includes("whsec_"));

    const row = page.locator("li").filter({ hasText: url });
    await button(row, "Disable").click();
    await button(row, "Enable").waitFor();
    const [stored] = await shop.stack.sql`
    select status from public.webhook_endpoints where url = ${url}`;
    assert.equal(stored?.status, "disabled");
  },
);

test("everything is reached by keyboard", async (page) => {
  await signInAs(page, secretKey());
  assert.equal(await focused(page), "Today");
  const reached: string[] = [];
  for (let step = 0; step < 9; step++) {
    await page.keyboard.press("Shift+Tab");
    reached.unshift(await focused(page));
  }
  assert.deepEqual(reached, [
    ...["To the content", "Today", "Orders", "Webhooks", "Differences"],
    ...["Withdrawals", "Endpoints", "한국어", "Lock"],
  ]);
  await page.keyboard.press("Enter");
  const isTitle = "document.activeElement?.tagName === 'H1'";
  assert.ok(await page.evaluate<boolean>(isTitle));

  for (let step = 0; step < 2; step++) await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "오늘" }).waitFor();
  assert.equal(await page.locator("html").getAttribute("lang"), "ko");
  assert.equal(await focused(page), "English");
});

const VIEWS = [
  ...["today", "orders", "webhooks", "differences", "withdrawals"],
  "endpoints",
];

for (
  // Axe reads every language, width and scheme once; it takes most of the time.
  const [language, width, colorScheme, readByAxe] of [
    ["ko", 375, "light", true],
    ["en", 1280, "dark", true],
    ["en", 375, "dark", false],
    ["ko", 1280, "light", false],
  ] as const
) {
  test(
    `${
      readByAxe ? "axe finds nothing and nothing" : "nothing"
    } overflows: ${language}, ${width}, ${colorScheme}`,
    async (page, { card }) => {
      const assertHolds = async (page: Page, view: string) => {
        if (readByAxe) await assertIsAccessible(page, view);
        await assertFits(page, view);
      };
      await assertHolds(page, "sign-in");
      await signInAs(page, secretKey());
      for (const view of [...VIEWS, `orders/${card.orderId}`]) {
        await goTo(page, `#/${view}`);
        await assertHolds(page, view);
      }
      await page.locator("button.danger").first().click();
      await page.getByRole("dialog").waitFor();
      await assertHolds(page, "refund");
    },
    { language, width, colorScheme },
  );
}

test(
  "toss operator serves the page for the project that SUPABASE_URL names",
  async (page, { shop }) => {
    const command = new Deno.Command(Deno.execPath(), {
      args: ["task", "--quiet", "toss", "operator", "--port", "0"],
      cwd: PROJECT_ROOT,
      env: { SUPABASE_URL: shop.stack.apiUrl },
      stdin: "null",
      stdout: "piped",
    }).spawn();
    try {
      const { value } = await command.stdout.pipeThrough(
        new TextDecoderStream(),
      )
        .values().next();
      const [url = ""] = /http:\S+/.exec(value ?? "") ?? [];
      await page.goto(url);
      await page.getByText(shop.stack.apiUrl).waitFor();
      await signInAs(page, shop.stack.secretKey);
      await page.locator(".tile").first().waitFor();
    } finally {
      command.kill("SIGTERM");
      assert.equal((await command.status).code, 0);
    }
  },
);

Deno.test({
  name: "the pictures of docs/operator.md",
  ignore: Deno.env.get("PICTURES") !== "1",
  sanitizeOps: false,
  sanitizeResources: false,
  fn: () => takePictures(scene),
});
