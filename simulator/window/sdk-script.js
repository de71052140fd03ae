// The browser script of the simulated Toss: it defines window.TossPayments
// with the parts of SDK v2 that payments and billing use, so that the npm
// package's loadTossPayments(clientKey, { src }) works against it.
(() => {
  const SIMULATOR = new URL(document.currentScript.src).origin;
  const ANONYMOUS = "@@ANONYMOUS";

  function fail(code, message) {
    return Object.assign(new Error(message), { code });
  }

  function checkKey(clientKey, wanted) {
    if (/^(test|live)_g?sk_/.test(clientKey)) {
      throw fail("INSECURE_KEY_USAGE", "A secret key reached the browser.");
    }
    const isWidgetKey = /^(test|live)_gck_/.test(clientKey);
    if (wanted === "widget" && !isWidgetKey) {
      throw fail(
        "NOT_SUPPORTED_API_INDIVIDUAL_KEY",
        "Widgets need a widget client key.",
      );
    }
    if (wanted === "payment" && isWidgetKey) {
      throw fail(
        "NOT_SUPPORTED_WIDGET_KEY",
        "payment() needs an API individual client key.",
      );
    }
  }

  function checkCustomerKey(customerKey) {
    if (typeof customerKey !== "string" || customerKey.length < 2) {
      throw fail("INVALID_CUSTOMER_KEY", "customerKey is missing.");
    }
    return customerKey === ANONYMOUS ? undefined : customerKey;
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
      frame.title = "결제 · Payment";
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
        else reject(fail(error.code, error.message));
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

  function requestPayment(base, options, onOpen) {
    const { successUrl, failUrl, amount } = options;
    const parameters = {
      ...base,
      orderId: options.orderId,
      orderName: options.orderName,
      amount: amount?.value,
      taxFreeAmount: options.taxFreeAmount,
      method: options.method,
      customerName: options.customerName,
      validHours: options.virtualAccount?.validHours,
      dueDate: options.virtualAccount?.dueDate,
      useEscrow: options.virtualAccount?.useEscrow,
    };
    if (successUrl && failUrl) {
      const targets = { successUrl, failUrl };
      return leaveFor(
        windowUrl("/payment-window", { ...parameters, ...targets }),
      );
    }
    if (successUrl || failUrl) {
      throw fail("INVALID_PARAMETERS", "successUrl and failUrl go together.");
    }
    const origin = globalThis.location.origin;
    const url = windowUrl("/payment-window", { ...parameters, origin });
    return openFrame(url, onOpen);
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
      throw fail("NOT_SUPPORTED_METHOD", "Billing takes CARD and TRANSFER.");
    }
    return leaveFor(windowUrl("/billing-window", {
      clientKey,
      customerKey,
      method,
      successUrl,
      failUrl,
      customerName,
      customerEmail,
    }));
  }

  function createPayment(clientKey, customerKey) {
    let destroyWindow = () => {};
    return {
      // deno-lint-ignore require-await -- a refusal must reject, not throw.
      async requestPayment(options) {
        return requestPayment({ clientKey, customerKey }, options, (end) => {
          destroyWindow = end;
        });
      },
      // deno-lint-ignore require-await -- a refusal must reject, not throw.
      async requestBillingAuth(options) {
        return requestBillingAuth({ clientKey, customerKey }, options);
      },
      destroy() {
        destroyWindow();
        return Promise.resolve();
      },
    };
  }

  function findContainer(selector) {
    const container = document.querySelector(selector);
    if (container === null) {
      throw fail("INVALID_SELECTOR", `Nothing matches ${selector}.`);
    }
    return container;
  }

  function renderMethods(selector, state) {
    const container = findContainer(selector);
    const listeners = [];
    const select = document.createElement("select");
    select.name = "toss-payment-method";
    const names = {
      CARD: "카드",
      VIRTUAL_ACCOUNT: "가상계좌",
      TRANSFER: "계좌이체",
      MOBILE_PHONE: "휴대폰",
    };
    for (const [code, name] of Object.entries(names)) {
      const option = document.createElement("option");
      option.value = code;
      option.textContent = name;
      select.appendChild(option);
    }
    select.addEventListener("change", () => {
      state.method = select.value;
      for (const listener of listeners) listener({ code: state.method });
    });
    container.replaceChildren(select);
    return {
      on: (_eventName, callback) => listeners.push(callback),
      getSelectedPaymentMethod: () => Promise.resolve({ code: state.method }),
      destroy: () => Promise.resolve(select.remove()),
    };
  }

  function renderAgreement(selector, state) {
    const container = findContainer(selector);
    const listeners = [];
    const label = document.createElement("label");
    const box = document.createElement("input");
    box.type = "checkbox";
    box.checked = true;
    box.addEventListener("change", () => {
      state.agreed = box.checked;
      const term = { id: "simulator", required: true };
      const agreements = [{ term, agreed: state.agreed }];
      const status = { agreedRequiredTerms: state.agreed, agreements };
      for (const listener of listeners) listener(status);
    });
    label.append(box, " 결제 약관 동의");
    container.replaceChildren(label);
    return {
      on: (_eventName, callback) => listeners.push(callback),
      destroy: () => Promise.resolve(label.remove()),
    };
  }

  function createWidgets(clientKey, customerKey) {
    const state = { amount: null, method: "CARD", agreed: true };
    const needAmount = () => {
      if (state.amount !== null) return;
      throw fail("NOT_SETUP_AMOUNT", "setAmount() must be called first.");
    };
    return {
      // deno-lint-ignore require-await -- as the real SDK, which is asynchronous.
      async setAmount(amount) {
        state.amount = amount;
      },
      // deno-lint-ignore require-await -- a refusal must reject, not throw.
      async renderPaymentMethods({ selector }) {
        needAmount();
        return renderMethods(selector, state);
      },
      // deno-lint-ignore require-await -- a refusal must reject, not throw.
      async renderAgreement({ selector }) {
        needAmount();
        return renderAgreement(selector, state);
      },
      async requestPayment(options) {
        needAmount();
        if (!state.agreed) {
          throw fail(
            "NEED_AGREEMENT_WITH_REQUIRED_TERMS",
            "약관에 동의해주세요.",
          );
        }
        const { amount, method } = state;
        const request = { ...options, amount, method };
        const base = { clientKey, customerKey };
        const result = await requestPayment(base, request, () => {});
        return { ...result, paymentType: "NORMAL" };
      },
    };
  }

  function TossPayments(clientKey) {
    return {
      payment({ customerKey }) {
        checkKey(clientKey, "payment");
        return createPayment(clientKey, checkCustomerKey(customerKey));
      },
      widgets({ customerKey }) {
        checkKey(clientKey, "widget");
        return createWidgets(clientKey, checkCustomerKey(customerKey));
      },
    };
  }

  TossPayments.ANONYMOUS = ANONYMOUS;
  globalThis.TossPayments = TossPayments;
})();
