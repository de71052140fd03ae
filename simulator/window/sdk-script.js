// The browser script of the simulated Toss: it defines window.TossPayments
// with the parts of SDK v2 that payments and billing use, so that the npm
// package's loadTossPayments(clientKey, { src }) works against it.
// Codes and texts: Toss docs, SDK v2 error codes.
(() => {
  const SIMULATOR = new URL(document.currentScript.src).origin;
  const ANONYMOUS = "@@ANONYMOUS";

  function fail(code, message) {
    return Object.assign(new Error(message), { code });
  }

  /** The language of the page, which the windows take over. */
  function locale() {
    const language = document.documentElement?.lang ||
      globalThis.navigator?.language || "ko";
    return /^en\b/i.test(language) ? "en" : "ko";
  }

  function isMobile() {
    return /Android|iPhone|iPad|Mobile/.test(
      globalThis.navigator?.userAgent ?? "",
    );
  }

  function checkKey(clientKey, wanted) {
    if (/^(test|live)_g?sk_/.test(clientKey)) {
      throw fail(
        "INSECURE_KEY_USAGE",
        "시크릿 키는 클라이언트 코드에 노출되면 안 됩니다.",
      );
    }
    if (!/^(test|live)_g?ck_/.test(clientKey)) {
      throw fail("INVALID_CLIENT_KEY", "ClientKey 형태가 올바르지 않습니다.");
    }
    const isWidgetKey = /^(test|live)_gck_/.test(clientKey);
    if (wanted === "widget" && !isWidgetKey) {
      throw fail(
        "NOT_SUPPORTED_API_INDIVIDUAL_KEY",
        "결제위젯 연동 키의 클라이언트 키로 SDK를 연동해주세요. API 개별 연동 키는 지원하지 않습니다.",
      );
    }
    if (wanted === "payment" && isWidgetKey) {
      throw fail(
        "NOT_SUPPORTED_WIDGET_KEY",
        "API 개별 연동 키의 클라이언트 키로 SDK를 연동해주세요. 결제위젯 연동 키는 지원하지 않습니다.",
      );
    }
  }

  function checkCustomerKey(customerKey) {
    if (/^(test|live)_g?sk_/.test(customerKey)) {
      throw fail(
        "INSECURE_KEY_USAGE",
        "구매자를 식별하는 customerKey 값을 사용해주세요.",
      );
    }
    if (
      typeof customerKey !== "string" ||
      !/^[A-Za-z0-9\-_=.@]{2,50}$/.test(customerKey)
    ) {
      throw fail(
        "INVALID_CUSTOMER_KEY",
        "고객키는 영문 대소문자, 숫자, 특수문자 -, _, =, ., @로 2자 이상 50자 이하여야 합니다.",
      );
    }
    return customerKey === ANONYMOUS ? undefined : customerKey;
  }

  function checkAmount(amount) {
    if (typeof amount !== "object" || amount === null) {
      throw fail("INVALID_PARAMETERS", "amount가 필요해요.");
    }
    const { currency, value } = amount;
    if (currency !== "KRW") {
      throw fail("INVALID_AMOUNT_CURRENCY", "잘못된 통화 값입니다.");
    }
    if (!Number.isSafeInteger(value)) {
      throw fail("INVALID_AMOUNT_VALUE", "결제금액이 올바르지 않습니다.");
    }
  }

  function isAddress(url) {
    return URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
  }

  function checkRequest(options) {
    const { orderId, orderName, successUrl, failUrl, metadata } = options;
    if (!/^[A-Za-z0-9\-_=]{6,64}$/.test(orderId)) {
      throw fail("INVALID_PARAMETERS", "orderId는 6자 이상 64자 이하입니다.");
    }
    if (typeof orderName !== "string" || !/^.{1,100}$/s.test(orderName)) {
      throw fail("INVALID_PARAMETERS", "orderName은 최대 100자입니다.");
    }
    checkAmount(options.amount);
    if (options.amount.value <= 0) {
      throw fail("BELOW_ZERO_AMOUNT", "금액은 0보다 커야 합니다.");
    }
    const entries = Object.entries(metadata ?? {});
    if (
      entries.length > 5 ||
      entries.some(([key, value]) =>
        !/^[^[\]]{1,40}$/.test(key) || String(value).length > 2000
      )
    ) throw fail("INVALID_METADATA", "올바르지 않은 metadata 형식입니다.");
    if (!successUrl && !failUrl) return;
    if (!successUrl || !failUrl) {
      throw fail("INVALID_PARAMETERS", "successUrl과 failUrl은 함께 필요해요.");
    }
    if (!isAddress(successUrl)) {
      throw fail("INCORRECT_SUCCESS_URL_FORMAT", "잘못된 successUrl 입니다.");
    }
    if (!isAddress(failUrl)) {
      throw fail("INCORRECT_FAIL_URL_FORMAT", "잘못된 failUrl 입니다.");
    }
  }

  function windowUrl(path, parameters) {
    const url = new URL(path, SIMULATOR);
    for (const [name, value] of Object.entries(parameters)) {
      if (value !== undefined && value !== null) {
        url.searchParams.set(name, String(value));
      }
    }
    return url.href;
  }

  /** Shows the window over the page and waits for what it reports. */
  function openFrame(url, onOpen) {
    return new Promise((resolve, reject) => {
      const frame = document.createElement("iframe");
      frame.src = url;
      frame.title = locale() === "en" ? "Payment" : "결제";
      frame.style.cssText = "position:fixed;inset:0;width:100%;height:100%;" +
        "border:0;background:#fff;z-index:2147483647";
      const close = () => {
        globalThis.removeEventListener("message", listen);
        frame.remove();
      };
      const listen = (event) => {
        if (event.source !== frame.contentWindow) return;
        if (event.origin !== SIMULATOR) return;
        const { source, type, result, error } = event.data ?? {};
        if (source !== "toss-simulator") return;
        close();
        if (type === "success") resolve(result);
        else reject(Object.assign(fail(error.code, error.message), error));
      };
      onOpen(() => {
        close();
        reject(fail("PAYMENT_REQUEST_ABORTED", "The window was destroyed."));
      });
      globalThis.addEventListener("message", listen);
      document.body.appendChild(frame);
    });
  }

  /** Leaves the page; nobody may take the pending promise for an answer. */
  function leaveFor(url) {
    globalThis.location.assign(url);
    return new Promise(() => {});
  }

  function withQuery(address, parameters) {
    const url = new URL(address);
    for (const [name, value] of Object.entries(parameters)) {
      url.searchParams.append(name, value);
    }
    return url.href;
  }

  /** The window in a frame, and the addresses after it; a buyer who closes it stays on the page. */
  async function openFrameThenLeave(url, { successUrl, failUrl }, onOpen) {
    try {
      const { paymentKey, orderId, amount } = await openFrame(url, onOpen);
      return leaveFor(withQuery(successUrl, {
        paymentType: "NORMAL",
        orderId,
        paymentKey,
        amount: amount.value,
      }));
    } catch (error) {
      if (error.code === "USER_CANCEL" || error.orderId === undefined) {
        throw error;
      }
      const { code, message, orderId } = error;
      return leaveFor(withQuery(failUrl, { code, message, orderId }));
    }
  }

  let isBusy = false;
  // The page may come back out of the browser's memory, after a click on Back.
  globalThis.addEventListener?.("pageshow", () => {
    isBusy = false;
  });

  async function oneAtATime(run) {
    if (isBusy) {
      throw fail(
        "INVALID_METHOD_TRANSACTION",
        "이미 다른 요청을 수행하고 있어요.",
      );
    }
    isBusy = true;
    try {
      return await run();
    } finally {
      isBusy = false;
    }
  }

  function openWindow(base, options, onOpen) {
    checkRequest(options);
    const { successUrl, failUrl, windowTarget } = options;
    const { flowMode, cardCompany, cardInstallmentPlan, easyPay } =
      options.card ?? {};
    const parameters = {
      ...base,
      locale: locale(),
      orderId: options.orderId,
      orderName: options.orderName,
      amount: options.amount.value,
      taxFreeAmount: options.taxFreeAmount,
      method: options.method,
      customerName: options.customerName,
      validHours: options.virtualAccount?.validHours,
      dueDate: options.virtualAccount?.dueDate,
      useEscrow: options.virtualAccount?.useEscrow,
      flowMode,
      cardCompany,
      cardInstallmentPlan,
      easyPay,
    };
    const framed = windowUrl("/payment-window", {
      ...parameters,
      origin: globalThis.location.origin,
    });
    if (!successUrl) {
      if (isMobile()) {
        throw fail(
          "NOT_SUPPORTED_PROMISE",
          "Promise 방식을 지원하지 않습니다. successUrl, failUrl을 사용해주세요.",
        );
      }
      return openFrame(framed, onOpen);
    }
    if (windowTarget === "iframe" && !isMobile()) {
      return openFrameThenLeave(framed, { successUrl, failUrl }, onOpen);
    }
    return leaveFor(
      windowUrl("/payment-window", { ...parameters, successUrl, failUrl }),
    );
  }

  function requestPayment(base, options, onOpen = () => {}) {
    return oneAtATime(() => openWindow(base, options, onOpen));
  }

  function requestBillingAuth({ clientKey, customerKey }, options) {
    if (customerKey === undefined) {
      throw fail("INVALID_CUSTOMER_KEY", "Billing needs a customerKey.");
    }
    const { method, successUrl, failUrl, customerName, customerEmail } =
      options;
    if (!successUrl || !failUrl) {
      throw fail("INVALID_PARAMETERS", "successUrl and failUrl are needed.");
    }
    if (method !== "CARD" && method !== "TRANSFER") {
      throw fail("NOT_SUPPORTED_METHOD", "지원되지 않는 결제수단입니다.");
    }
    return leaveFor(windowUrl("/billing-window", {
      clientKey,
      customerKey,
      method,
      successUrl,
      failUrl,
      customerName,
      customerEmail,
      locale: locale(),
    }));
  }

  function createPayment(base) {
    let destroyWindow = () => {};
    return {
      requestPayment: (options) =>
        requestPayment(base, options, (end) => {
          destroyWindow = end;
        }),
      // deno-lint-ignore require-await -- a refusal must reject, not throw.
      async requestBillingAuth(options) {
        return requestBillingAuth(base, options);
      },
      destroy() {
        destroyWindow();
        return Promise.resolve();
      },
    };
  }

  const createWidgets = globalThis.tossSimulatorWidgets({
    SIMULATOR,
    checkAmount,
    fail,
    locale,
    requestPayment,
    windowUrl,
  });
  delete globalThis.tossSimulatorWidgets;

  function TossPayments(clientKey) {
    return {
      payment({ customerKey } = {}) {
        checkKey(clientKey, "payment");
        return createPayment({
          clientKey,
          customerKey: checkCustomerKey(customerKey),
        });
      },
      widgets({ customerKey } = {}) {
        checkKey(clientKey, "widget");
        return createWidgets({
          clientKey,
          customerKey: checkCustomerKey(customerKey),
        });
      },
    };
  }

  TossPayments.ANONYMOUS = ANONYMOUS;
  globalThis.TossPayments = TossPayments;
})();
