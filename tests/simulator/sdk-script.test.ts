import assert from "node:assert/strict";
import {
  clearTossPayments,
  loadTossPayments,
  type TossPaymentsSDK,
} from "@tosspayments/tosspayments-sdk";
import { SIMULATOR_WIDGET_KEYS } from "../../simulator/options.ts";
import type { Simulator } from "../../simulator/simulator.ts";
import { ORDER, withSimulator } from "./with-simulator.ts";

const REQUEST = {
  method: "CARD",
  amount: { currency: "KRW", value: ORDER.amount },
  orderId: ORDER.orderId,
  orderName: "One order",
} as const;

const TARGETS = {
  successUrl: "https://shop.example/ok",
  failUrl: "https://shop.example/no",
};

interface FakeElement {
  src: string;
  style: Record<string, string>;
  contentWindow: object;
  addEventListener(name: string, run: () => void): void;
  removeEventListener(): void;
  remove(): void;
}

/** What the script needs of a browser, and what the test sees of it. */
interface FakeBrowser {
  assigned: string[];
  frames: FakeElement[];
  post(data: unknown, origin: string): void;
}

function fakeElement(listeners: Map<string, () => void>): FakeElement {
  return {
    src: "",
    style: {},
    contentWindow: {},
    addEventListener: (name, run) => listeners.set(name, run),
    removeEventListener: () => {},
    remove: () => {},
  };
}

/** Puts a small browser into the global scope for the time of `body`. */
async function withBrowser(
  body: (browser: FakeBrowser) => Promise<void>,
): Promise<void> {
  const browser: FakeBrowser = { assigned: [], frames: [], post: () => {} };
  const listeners = new Map<string, () => void>();
  const document = {
    currentScript: { src: "" },
    documentElement: { lang: "ko" },
    querySelector: () => null,
    createElement: () => fakeElement(listeners),
    head: {
      async appendChild(script: FakeElement) {
        document.currentScript = script;
        const response = await fetch(script.src);
        new Function(await response.text())();
        listeners.get("load")?.();
      },
    },
    body: { appendChild: (frame: FakeElement) => browser.frames.push(frame) },
  };
  browser.post = (data, origin) => {
    const source = browser.frames.at(-1)?.contentWindow;
    const event = new MessageEvent("message", { data, origin });
    Object.defineProperty(event, "source", { value: source });
    globalThis.dispatchEvent(event);
  };
  const location = {
    origin: "https://shop.example",
    assign: (url: string) => browser.assigned.push(url),
  };
  const globals = { window: globalThis, document, location };
  const before = Object.keys(globals).map((name) =>
    [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const
  );
  for (const [name, value] of Object.entries(globals)) {
    Object.defineProperty(globalThis, name, { value, configurable: true });
  }
  try {
    await body(browser);
  } finally {
    clearTossPayments();
    for (const [name, descriptor] of before) {
      if (descriptor === undefined) Reflect.deleteProperty(globalThis, name);
      else Object.defineProperty(globalThis, name, descriptor);
    }
    Reflect.deleteProperty(globalThis, "TossPayments");
  }
}

function load(
  simulator: Simulator,
  clientKey = simulator.clientKey,
): Promise<TossPaymentsSDK> {
  return loadTossPayments(clientKey, { src: `${simulator.url}/v2/standard` });
}

/** A request that is answered by leaving the page, never by its promise. */
function leave(request: Promise<unknown>): void {
  request.catch(() => {});
}

Deno.test("SDK script §9 is served to every origin as JavaScript", async () => {
  await withSimulator(async (simulator) => {
    const response = await fetch(`${simulator.url}/v2/standard`);
    await response.body?.cancel();
    assert.match(response.headers.get("content-type") ?? "", /javascript/);
    assert.equal(response.headers.get("access-control-allow-origin"), "*");
  });
});

Deno.test("SDK script §9 opens the payment window through the npm package", async () => {
  await withSimulator((simulator) =>
    withBrowser(async (browser) => {
      const sdk = await load(simulator);
      const payment = sdk.payment({ customerKey: "@@ANONYMOUS" });
      leave(payment.requestPayment({ ...REQUEST, ...TARGETS }));
      const url = new URL(browser.assigned[0] ?? "");
      assert.equal(url.origin, simulator.url);
      assert.equal(url.searchParams.has("customerKey"), false);
      const page = await fetch(url);
      assert.equal(page.status, 200);
      assert.match(await page.text(), /15,000원/);
      assert.equal(simulator.books()[0]?.orderId, ORDER.orderId);
    })
  );
});

Deno.test("SDK script §9 asks for a virtual account with its deadline and name", async () => {
  await withSimulator((simulator) =>
    withBrowser(async (browser) => {
      const sdk = await load(simulator);
      const payment = sdk.payment({ customerKey: "customer-1" });
      leave(payment.requestPayment({
        ...REQUEST,
        ...TARGETS,
        method: "VIRTUAL_ACCOUNT",
        customerName: "이토스",
        virtualAccount: { validHours: 24, useEscrow: false },
      }));
      const url = new URL(browser.assigned[0] ?? "");
      const { method, customerName, validHours, useEscrow } = Object
        .fromEntries(url.searchParams);
      assert.deepEqual({ method, customerName, validHours, useEscrow }, {
        method: "VIRTUAL_ACCOUNT",
        customerName: "이토스",
        validHours: "24",
        useEscrow: "false",
      });
      const page = await fetch(url);
      assert.equal(page.status, 200);
      assert.match(await page.text(), /가상계좌/);
    })
  );
});

Deno.test("SDK script §9 opens the billing window through the npm package", async () => {
  await withSimulator((simulator) =>
    withBrowser(async (browser) => {
      const sdk = await load(simulator);
      const payment = sdk.payment({ customerKey: "customer-1" });
      leave(payment.requestBillingAuth({
        method: "CARD",
        ...TARGETS,
        customerName: "김토스",
      }));
      const url = new URL(browser.assigned[0] ?? "");
      assert.equal(url.origin, simulator.url);
      assert.deepEqual(Object.fromEntries(url.searchParams), {
        clientKey: simulator.clientKey,
        customerKey: "customer-1",
        method: "CARD",
        ...TARGETS,
        customerName: "김토스",
        locale: "ko",
      });
      const page = await fetch(url);
      assert.equal(page.status, 200);
      assert.match(await page.text(), /김토스/);
    })
  );
});

Deno.test("SDK script §9 leads to the window that registers an account", async () => {
  await withSimulator((simulator) =>
    withBrowser(async (browser) => {
      const sdk = await load(simulator);
      const payment = sdk.payment({ customerKey: "customer-1" });
      leave(payment.requestBillingAuth({ method: "TRANSFER", ...TARGETS }));
      const url = new URL(browser.assigned[0] ?? "");
      assert.equal(url.searchParams.get("method"), "TRANSFER");
      assert.match(await (await fetch(url)).text(), /계좌 등록/);
    })
  );
});

Deno.test("SDK script §9 refuses billing without a customer or without both URLs", async () => {
  await withSimulator((simulator) =>
    withBrowser(async (browser) => {
      const sdk = await load(simulator);
      const anonymous = sdk.payment({ customerKey: "@@ANONYMOUS" });
      const request = { method: "CARD", ...TARGETS } as const;
      await assert.rejects(anonymous.requestBillingAuth(request), {
        code: "INVALID_CUSTOMER_KEY",
      });
      const payment = sdk.payment({ customerKey: "customer-1" });
      await assert.rejects(
        payment.requestBillingAuth({ ...request, failUrl: "" }),
        { code: "INVALID_PARAMETERS" },
      );
      const phone: unknown = { ...request, method: "MOBILE_PHONE" };
      await assert.rejects(
        payment.requestBillingAuth(phone as typeof request),
        { code: "NOT_SUPPORTED_METHOD" },
      );
      assert.deepEqual(browser.assigned, []);
    })
  );
});

Deno.test("SDK script §9 resolves and rejects in promise mode", async () => {
  await withSimulator((simulator) =>
    withBrowser(async (browser) => {
      const sdk = await load(simulator);
      const payment = sdk.payment({ customerKey: "customer-1" });
      const source = "toss-simulator";
      const paid = payment.requestPayment(REQUEST);
      assert.match(browser.frames[0]?.src ?? "", /customerKey=customer-1/);
      const result = { paymentKey: "p", orderId: "o", amount: REQUEST.amount };
      const success = { source, type: "success", result };
      browser.post({ ...success, result: null }, "https://evil.example");
      browser.post(success, simulator.url);
      assert.deepEqual(await paid, result);
      const closed = payment.requestPayment(REQUEST);
      const error = { code: "USER_CANCEL", message: "closed" };
      browser.post({ source, type: "failure", error }, simulator.url);
      await assert.rejects(closed, { code: "USER_CANCEL" });
      const destroyed = payment.requestPayment(REQUEST);
      await payment.destroy();
      await assert.rejects(destroyed, { code: "PAYMENT_REQUEST_ABORTED" });
    })
  );
});

Deno.test("SDK script §9 wants the amount before a widget's payment, and a method", async () => {
  const secretKeys = [SIMULATOR_WIDGET_KEYS];
  await withSimulator((simulator) =>
    withBrowser(async (browser) => {
      const sdk = await load(simulator);
      const widgets = sdk.widgets({ customerKey: "customer-1" });
      const { method: _method, amount, ...request } = REQUEST;
      await assert.rejects(widgets.requestPayment(request), {
        code: "NOT_SETUP_AMOUNT",
      });
      await assert.rejects(
        widgets.renderPaymentMethods({ selector: "#methods" }),
        { code: "NOT_SETUP_AMOUNT" },
      );
      for (
        const [wrong, code] of [
          [{ currency: "USD", value: 15_000 }, "INVALID_AMOUNT_CURRENCY"],
          [{ currency: "KRW", value: 0.5 }, "INVALID_AMOUNT_VALUE"],
        ] as const
      ) await assert.rejects(widgets.setAmount(wrong), { code });
      await widgets.setAmount(amount);
      await assert.rejects(widgets.requestPayment(request), {
        code: "NOT_SELECTED_PAYMENT_METHOD",
      });
      await assert.rejects(
        widgets.renderPaymentMethods({ selector: "#methods" }),
        { code: "INVALID_SELECTOR" },
      );
      assert.deepEqual(browser.assigned, []);
    }), { secretKeys });
});

Deno.test("SDK script §9 refuses a request that Toss's SDK refuses", async () => {
  await withSimulator((simulator) =>
    withBrowser(async (browser) => {
      const sdk = await load(simulator);
      const payment = sdk.payment({ customerKey: "customer-1" });
      const six = Object.fromEntries("abcdef".split("").map((k) => [k, "1"]));
      for (
        const [wrong, code] of [
          [{ orderId: "short" }, "INVALID_PARAMETERS"],
          [{ orderName: "" }, "INVALID_PARAMETERS"],
          [{ failUrl: "" }, "INVALID_PARAMETERS"],
          [{ successUrl: "/ok" }, "INCORRECT_SUCCESS_URL_FORMAT"],
          [{ failUrl: "no" }, "INCORRECT_FAIL_URL_FORMAT"],
          [{ amount: { currency: "KRW", value: 0 } }, "BELOW_ZERO_AMOUNT"],
          [{ metadata: six }, "INVALID_METADATA"],
        ] as const
      ) {
        const request = { ...REQUEST, ...TARGETS, ...wrong };
        await assert.rejects(payment.requestPayment(request), { code });
      }
      assert.throws(() => sdk.payment({ customerKey: "a b" }), {
        code: "INVALID_CUSTOMER_KEY",
      });
      assert.deepEqual(browser.assigned, []);
    })
  );
});

Deno.test("SDK script §9 does one request at a time", async () => {
  await withSimulator((simulator) =>
    withBrowser(async (browser) => {
      const sdk = await load(simulator);
      const payment = sdk.payment({ customerKey: "customer-1" });
      leave(payment.requestPayment({ ...REQUEST, ...TARGETS }));
      await assert.rejects(
        payment.requestPayment({ ...REQUEST, ...TARGETS }),
        { code: "INVALID_METHOD_TRANSACTION" },
      );
      assert.equal(browser.assigned.length, 1);
    })
  );
});

Deno.test("SDK script §1 refuses keys of the wrong family and secret keys", async () => {
  await withSimulator((simulator) =>
    withBrowser(async () => {
      const customerKey = "customer-1";
      const individual = await load(simulator);
      assert.throws(() => individual.widgets({ customerKey }), {
        code: "NOT_SUPPORTED_API_INDIVIDUAL_KEY",
      });
      const widget = await load(simulator, "test_gck_widget");
      assert.throws(() => widget.payment({ customerKey }), {
        code: "NOT_SUPPORTED_WIDGET_KEY",
      });
      const secret = await load(simulator, simulator.secretKey);
      assert.throws(() => secret.payment({ customerKey }), {
        code: "INSECURE_KEY_USAGE",
      });
    })
  );
});
