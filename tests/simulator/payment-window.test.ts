import assert from "node:assert/strict";
import { ERROR_CODES } from "../../simulator/error-codes.ts";
import { confirm } from "./toss-client.ts";
import { MINUTE, ORDER, withSimulator } from "./with-simulator.ts";
import type { Simulator } from "../../simulator/simulator.ts";

const SUCCESS = "https://shop.example/ok?step=1";
const FAIL = "https://shop.example/no";

function windowUrl(simulator: Simulator, extra: Record<string, string> = {}) {
  const url = new URL("/payment-window", simulator.url);
  url.search = new URLSearchParams({
    clientKey: simulator.clientKey,
    orderId: ORDER.orderId,
    orderName: `<b>"1 & 2"</b>`,
    amount: `${ORDER.amount}`,
    method: "CARD",
    ...extra,
  }).toString();
  return url;
}

/** Opens the window and presses one of its buttons. */
async function press(
  simulator: Simulator,
  action: string,
  target: Record<string, string> = { successUrl: SUCCESS, failUrl: FAIL },
  wish: { query?: Record<string, string>; form?: Record<string, string> } = {},
) {
  const url = windowUrl(simulator, { ...target, ...wish.query });
  const page = await fetch(url);
  const html = await page.text();
  assert.equal(page.status, 200, html);
  const path = /action="([^"]+)"/.exec(html)?.[1] ?? "";
  const form = new URLSearchParams({
    ...target,
    action,
    code: "REJECT_CARD_COMPANY",
    ...wish.form,
  });
  const response = await fetch(simulator.url + path, {
    method: "POST",
    body: form,
    redirect: "manual",
  });
  const location = response.headers.get("location");
  return {
    html,
    status: response.status,
    text: await response.text(),
    query: Object.fromEntries(
      location === null ? [] : new URL(location).searchParams,
    ),
    location,
  };
}

Deno.test("payment window §8 redirects to successUrl with the documented parameters", async () => {
  await withSimulator(async (simulator) => {
    const { status, query, location, html } = await press(simulator, "pay");
    assert.equal(status, 303);
    assert.ok(location?.startsWith(`${SUCCESS}&`));
    const { paymentKey = "", ...rest } = query;
    assert.deepEqual(rest, {
      step: "1",
      paymentType: "NORMAL",
      orderId: ORDER.orderId,
      amount: "15000",
    });
    assert.ok(html.includes("&lt;b&gt;&quot;1 &amp; 2&quot;&lt;/b&gt;"));
    const { json } = await confirm(simulator, { paymentKey, ...ORDER });
    assert.equal(json.status, "DONE");
  });
});

Deno.test("payment window §8 redirects to failUrl after a cancel, without orderId", async () => {
  await withSimulator(async (simulator) => {
    const { query, location } = await press(simulator, "cancel");
    assert.ok(location?.startsWith(FAIL));
    assert.equal(query["code"], "PAY_PROCESS_CANCELED");
    assert.deepEqual(Object.keys(query), ["code", "message"]);
    assert.equal(simulator.books()[0]?.status, "READY");
  });
});

Deno.test("payment window §8 redirects to failUrl with the chosen code", async () => {
  await withSimulator(async (simulator) => {
    const { query } = await press(simulator, "decline");
    assert.equal(query["code"], "REJECT_CARD_COMPANY");
    assert.equal(query["orderId"], ORDER.orderId);
  });
});

Deno.test("payment window lets the confirm be declined", async () => {
  await withSimulator(async (simulator) => {
    const { query } = await press(simulator, "decline_confirm");
    const { paymentKey = "" } = query;
    const { json } = await confirm(simulator, { paymentKey, ...ORDER });
    assert.equal(json.code, "REJECT_CARD_COMPANY");
  });
});

/** What a select of the page offers. */
function offered(html: string, name: string): string[] {
  const select = new RegExp(`<select name="${name}">(.*?)</select>`, "s")
    .exec(html)?.[1] ?? "";
  return [...select.matchAll(/<option value="(\w*)">/g)]
    .map(([, code = ""]) => code);
}

Deno.test("payment window offers ten declines by their Korean names, and every other one behind 더 보기", async () => {
  await withSimulator(async (simulator) => {
    const page = await fetch(windowUrl(simulator));
    const html = await page.text();
    const common = offered(html, "code");
    const [nothing, ...others] = offered(html, "otherCode");

    assert.equal(common.length, 10);
    assert.match(html, /한도 초과·잔액 부족 \(REJECT_CARD_PAYMENT\)/);
    assert.match(html, /<details>\s*<summary>더 보기/);
    assert.equal(nothing, "");
    const documented = [...ERROR_CODES.values()]
      .filter(({ status }) => status < 500).map(({ code }) => code);
    assert.deepEqual([...common, ...others].sort(), documented.sort());
    const { query } = await press(
      simulator,
      "decline",
      { successUrl: SUCCESS, failUrl: FAIL },
      { form: { otherCode: "INVALID_PASSWORD" } },
    );
    assert.equal(query["code"], "INVALID_PASSWORD");
    const empty = await press(
      simulator,
      "decline",
      { successUrl: SUCCESS, failUrl: FAIL },
      { form: { otherCode: "" } },
    );
    assert.equal(empty.query["code"], "REJECT_CARD_COMPANY");
  });
});

Deno.test("payment window reports to the page around its frame", async () => {
  await withSimulator(async (simulator) => {
    const origin = "https://shop.example";
    const paid = await press(simulator, "pay", { origin });
    assert.equal(paid.status, 200);
    assert.match(paid.text, /parent\.postMessage\(\{.*"type":"success"/);
    assert.ok(paid.text.includes(`"${origin}")`));
    const closed = await press(simulator, "cancel", { origin });
    assert.match(closed.text, /"code":"USER_CANCEL"/);
  });
});

Deno.test("payment window §5 lets the buyer choose the bank of a virtual account", async () => {
  await withSimulator(async (simulator) => {
    const query = {
      method: "VIRTUAL_ACCOUNT",
      customerName: "이토스",
      validHours: "24",
      useEscrow: "true",
    };
    const target = { successUrl: SUCCESS, failUrl: FAIL };
    const form = { bank: "88", customerName: "박토스" };
    const result = await press(simulator, "pay", target, { query, form });
    assert.match(result.html, /<option value="88">신한<\/option>/);
    assert.ok(result.html.includes('value="이토스"'));
    const { paymentKey = "" } = result.query;
    const { json } = await confirm(simulator, { paymentKey, ...ORDER });
    assert.equal(json.status, "WAITING_FOR_DEPOSIT");
    assert.equal(json.useEscrow, true);
    assert.equal(json.virtualAccount.bankCode, "88");
    assert.equal(json.virtualAccount.customerName, "박토스");
    const wait = Date.parse(json.virtualAccount.dueDate ?? "") -
      simulator.now();
    assert.ok(Math.abs(wait - 24 * 60 * MINUTE) < 5000);
  });
});

Deno.test("payment window §5 asks a card's buyer for no bank, and declines an account at confirm", async () => {
  await withSimulator(async (simulator) => {
    const card = await press(simulator, "pay");
    assert.ok(!card.html.includes('name="bank"'));
    const target = { successUrl: SUCCESS, failUrl: FAIL };
    const query = { method: "VIRTUAL_ACCOUNT" };
    const account = await press(simulator, "decline_confirm", target, {
      query,
    });
    const { paymentKey = "" } = account.query;
    const { json } = await confirm(simulator, { paymentKey, ...ORDER });
    assert.equal(json.code, "REJECT_CARD_COMPANY");
  });
});

Deno.test("payment window refuses what Toss refuses", async () => {
  await withSimulator(async (simulator) => {
    const cases: [Record<string, string>, number, string][] = [
      [{ clientKey: "test_ck_unknown" }, 401, "UNAUTHORIZED_KEY"],
      [{ orderId: "a b" }, 400, "INVALID_REQUEST"],
      [{ amount: "0" }, 400, "INVALID_REQUEST"],
      [{ amount: "many" }, 400, "INVALID_REQUEST"],
      [{ method: "FOREIGN_EASY_PAY" }, 400, "NOT_SUPPORTED_METHOD"],
      [{ validHours: "2161" }, 400, "EXCEED_MAX_VALID_HOURS"],
      [{ dueDate: "tomorrow" }, 400, "INVALID_DATE"],
      [{ dueDate: "2020-01-01T00:00:00" }, 400, "INVALID_DATE"],
      [{ dueDate: "2999-01-01T00:00:00" }, 400, "EXCEED_MAX_DUE_DATE"],
      [{ successUrl: "javascript:alert(1)" }, 400, "INVALID_REQUEST"],
    ];
    for (const [extra, status, code] of cases) {
      const response = await fetch(windowUrl(simulator, extra));
      assert.equal(response.status, status);
      assert.ok((await response.text()).includes(code));
    }
    assert.deepEqual(simulator.books(), []);
  });
});

Deno.test("payment window opens from the checkout link and closes with the session", async () => {
  await withSimulator(async (simulator) => {
    const { paymentKey } = simulator.createPayment({
      ...ORDER,
      authenticated: false,
    });
    const link = `${simulator.url}/v1/payments/${paymentKey}/checkout`;
    const open = await fetch(link);
    assert.equal(open.status, 200);
    await open.body?.cancel();
    simulator.expire(paymentKey);
    const late = await fetch(link);
    assert.equal(late.status, 404);
    assert.match(await late.text(), /NOT_FOUND_PAYMENT_SESSION/);
  });
});
