import assert from "node:assert/strict";
import { charge, CUSTOMER, issue } from "./billing-client.ts";
import { withSimulator } from "./with-simulator.ts";
import type { Simulator } from "../../simulator/simulator.ts";

const SUCCESS = "https://shop.example/card?step=1";
const FAIL = "https://shop.example/no";

function windowUrl(simulator: Simulator, extra: Record<string, string> = {}) {
  const url = new URL("/billing-window", simulator.url);
  url.search = new URLSearchParams({
    clientKey: simulator.clientKey,
    ...CUSTOMER,
    method: "CARD",
    successUrl: SUCCESS,
    failUrl: FAIL,
    customerName: `<b>"1 & 2"</b>`,
    ...extra,
  }).toString();
  return url;
}

/** Opens the window, fills its form and presses one of its buttons. */
async function press(
  simulator: Simulator,
  action: string,
  filled: Record<string, string> = {},
  query: Record<string, string> = {},
) {
  const page = await fetch(windowUrl(simulator, query));
  const html = await page.text();
  assert.equal(page.status, 200, html);
  const form = new URLSearchParams(
    [...html.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)"/g)]
      .map(([, name = "", value = ""]) => [name, value]),
  );
  for (
    const [name, value] of Object.entries({
      action,
      lastDigits: "7890",
      issuerCode: "11",
      cardType: "신용",
      ownerType: "개인",
      code: "INVALID_STOPPED_CARD",
      ...filled,
    })
  ) form.set(name, value);
  const response = await fetch(`${simulator.url}/billing-window`, {
    method: "POST",
    body: form,
    redirect: "manual",
  });
  await response.body?.cancel();
  const location = response.headers.get("location") ?? "";
  const result = location === ""
    ? {}
    : Object.fromEntries(new URL(location).searchParams);
  return { html, status: response.status, location, query: result };
}

Deno.test("billing window §8 redirects to successUrl with customerKey and authKey", async () => {
  await withSimulator(async (simulator) => {
    const { status, location, query, html } = await press(
      simulator,
      "register",
      { issuerCode: "91", lastDigits: "4321", cardType: "체크" },
    );
    assert.equal(status, 303);
    assert.ok(location.startsWith(`${SUCCESS}&`));
    const { authKey, ...rest } = query;
    assert.deepEqual(rest, { step: "1", ...CUSTOMER });
    assert.ok(html.includes("&lt;b&gt;&quot;1 &amp; 2&quot;&lt;/b&gt;"));
    const { json } = await issue(simulator, { authKey, ...CUSTOMER });
    const { issuerCode, number, cardType } = json.card;
    assert.deepEqual([issuerCode, number, cardType], [
      "91",
      "94100012****432*",
      "체크",
    ]);
    assert.equal((await charge(simulator, json.billingKey)).status, 200);
  });
});

Deno.test("billing window §8 redirects to failUrl with code and message only", async () => {
  await withSimulator(async (simulator) => {
    const codes = {
      cancel: "PAY_PROCESS_CANCELED",
      decline: "INVALID_STOPPED_CARD",
    };
    for (const [action, code] of Object.entries(codes)) {
      const { status, location, query } = await press(simulator, action, {
        lastDigits: "",
      });
      assert.equal(status, 303);
      assert.ok(location.startsWith(FAIL));
      assert.deepEqual(Object.keys(query), ["code", "message"]);
      assert.equal(query.code, code);
      assert.match(query.message ?? "", /[가-힣]/);
    }
  });
});

Deno.test("billing window registers an account, or does not", async () => {
  await withSimulator(async (simulator) => {
    const account = { bank: "88", accountNumber: "110413789012" };
    const asked = { method: "TRANSFER" };
    const { status, query, html } = await press(
      simulator,
      "register",
      account,
      asked,
    );
    assert.equal(status, 303);
    assert.match(html, /계좌 등록/);
    assert.ok(!html.includes("lastDigits"));
    const { authKey } = query;
    const { json } = await issue(simulator, { authKey, ...CUSTOMER });
    assert.deepEqual(json.transfers, [
      { bankName: "신한", bankAccountNumber: "1104****9012" },
    ]);
    assert.equal((await charge(simulator, json.billingKey)).status, 200);

    const declined = await press(simulator, "decline", {
      ...account,
      code: "RESTRICTED_TRANSFER_ACCOUNT",
    }, asked);
    assert.equal(declined.query.code, "RESTRICTED_TRANSFER_ACCOUNT");
    const malformed = await press(simulator, "register", {
      ...account,
      accountNumber: "12",
    }, asked);
    assert.equal(malformed.status, 400);
  });
});

Deno.test("billing window registers no card with a malformed number", async () => {
  await withSimulator(async (simulator) => {
    const result = await press(simulator, "register", { lastDigits: "12a4" });
    assert.equal(result.status, 400);
    assert.equal(result.location, "");
  });
});

Deno.test("billing window refuses what Toss refuses", async () => {
  const secretKeys = [
    { secretKey: "test_sk_a", clientKey: "test_ck_a" },
    { secretKey: "test_gsk_a", clientKey: "test_gck_a" },
  ];
  await withSimulator(async (simulator) => {
    const cases: [Record<string, string>, number, string][] = [
      [{ clientKey: "test_ck_unknown" }, 401, "UNAUTHORIZED_KEY"],
      [{ clientKey: "test_gck_a" }, 400, "NOT_SUPPORTED_WIDGET_KEY"],
      [{ method: "MOBILE_PHONE" }, 400, "NOT_SUPPORTED_METHOD"],
      [{ customerKey: "c" }, 400, "INVALID_REQUEST"],
      [{ successUrl: "javascript:alert(1)" }, 400, "INVALID_REQUEST"],
    ];
    for (const [extra, status, code] of cases) {
      const response = await fetch(windowUrl(simulator, extra));
      assert.equal(response.status, status);
      assert.ok((await response.text()).includes(code));
    }
  }, { secretKeys });
});
