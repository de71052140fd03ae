// The widget of SDK v2: frames for the methods and the terms, which
// sdk-script.js builds `widgets()` from. Both files are one script to a page.
// Codes and texts: Toss docs, SDK v2 error codes.
globalThis.tossSimulatorWidgets = (tools) => {
  const { SIMULATOR, windowUrl, fail, requestPayment, locale } = tools;
  const SOURCE = "toss-simulator-widget";
  const EVENTS = {
    methods: "paymentMethodSelect",
    agreement: "agreementStatusChange",
  };
  const TITLES = {
    ko: { methods: "결제수단", agreement: "결제 약관" },
    en: { methods: "Payment methods", agreement: "Payment terms" },
  };

  function findContainer(selector) {
    if (typeof selector !== "string") {
      throw fail("INVALID_PARAMETERS", "selector가 필요해요.");
    }
    const container = document.querySelector(selector);
    if (container !== null) return container;
    throw fail(
      "INVALID_SELECTOR",
      "selector에 해당하는 HTML 요소를 찾을 수 없습니다. selector 값을 다시 확인해주세요.",
    );
  }

  function checkVariant(variantKey) {
    if (variantKey === undefined || /\S/.test(variantKey)) return;
    throw fail(
      "INVALID_VARIANT_KEY",
      "variantKey 에 해당하는 위젯을 찾을 수 없습니다. variantKey 값을 다시 확인해주세요.",
    );
  }

  /** Puts a frame into the page; resolves when it has said that it is ready. */
  function openPart(part, container, query, onMessage) {
    const frame = document.createElement("iframe");
    frame.src = windowUrl(`/widget/${part}`, { ...query, locale: locale() });
    frame.title = TITLES[locale()][part];
    frame.style.cssText =
      "display:block;width:100%;height:0;border:0;color-scheme:light";
    return new Promise((resolve) => {
      const listen = (event) => {
        if (event.source !== frame.contentWindow) return;
        if (event.origin !== SIMULATOR) return;
        if (event.data?.source !== SOURCE) return;
        const { type, height } = event.data;
        if (type === "height") frame.style.height = `${height}px`;
        else if (type === "ready") {
          resolve({
            tell: (message) =>
              frame.contentWindow?.postMessage(
                { source: SOURCE, ...message },
                SIMULATOR,
              ),
            close() {
              globalThis.removeEventListener("message", listen);
              frame.remove();
            },
          });
        } else onMessage(event.data);
      };
      globalThis.addEventListener("message", listen);
      container.replaceChildren(frame);
    });
  }

  function subscribe(part, listeners) {
    return (eventName, callback) => {
      if (eventName !== EVENTS[part]) {
        throw fail("INVALID_PARAMETER", "허용하지 않는 이벤트입니다.");
      }
      if (typeof callback !== "function") {
        throw fail("INVALID_PARAMETER", "콜백 함수가 올바르지 않습니다.");
      }
      listeners.push(callback);
    };
  }

  /** The code of what the buyer has not chosen yet, with its text; null when all is chosen. */
  function missing({ method, agreed, parts }) {
    if (parts.methods === null || method === null) {
      return [
        "NOT_SELECTED_PAYMENT_METHOD",
        "결제수단이 아직 선택되지 않았어요. 결제수단을 선택해 주세요.",
      ];
    }
    if (parts.agreement !== null && !agreed) {
      return [
        "NEED_AGREEMENT_WITH_REQUIRED_TERMS",
        "필수 약관에 동의해주세요.",
      ];
    }
    if (method.code === "CARD" && !method.cardCompany) {
      return ["NEED_CARD_PAYMENT_DETAIL", "카드 결제 정보를 선택해주세요."];
    }
    return null;
  }

  /** What the window is opened with. */
  function methodOf({ code, cardCompany, cardInstallmentPlan }) {
    if (code === "CARD") {
      const card = { flowMode: "DIRECT", cardCompany, cardInstallmentPlan };
      return { method: "CARD", card };
    }
    return ["TRANSFER", "VIRTUAL_ACCOUNT", "MOBILE_PHONE"].includes(code)
      ? { method: code }
      : { method: "CARD", card: { flowMode: "DIRECT", easyPay: code } };
  }

  return function createWidgets(base) {
    const state = {
      amount: null,
      method: null,
      agreed: true,
      parts: { methods: null, agreement: null },
    };

    async function render(part, { selector, variantKey } = {}, onMessage) {
      const container = findContainer(selector);
      checkVariant(variantKey);
      if (state.parts[part] !== null) {
        throw part === "methods"
          ? fail(
            "PAYMENT_METHODS_WIDGET_ALREADY_RENDERED",
            "하나의 결제수단 위젯만을 사용할 수 있어요.",
          )
          : fail(
            "AGREEMENT_WIDGET_ALREADY_RENDERED",
            "하나의 약관 위젯만을 사용할 수 있어요.",
          );
      }
      // Taken at once, so that a second call meets it while the frame loads.
      state.parts[part] = { tell() {}, close() {} };
      const query = {
        clientKey: base.clientKey,
        amount: state.amount?.value,
      };
      state.parts[part] = await openPart(part, container, query, onMessage);
    }

    function destroy(part) {
      state.parts[part]?.close();
      state.parts[part] = null;
      return Promise.resolve();
    }

    function needAmount() {
      if (state.amount !== null) return;
      throw fail(
        "NOT_SETUP_AMOUNT",
        "결제금액이 설정되지 않았습니다. setAmount를 호출해주세요.",
      );
    }

    return {
      // deno-lint-ignore require-await -- a refusal must reject, not throw.
      async setAmount(amount) {
        tools.checkAmount(amount);
        const { currency, value } = amount;
        state.amount = { currency, value };
        state.parts.methods?.tell({ type: "amount", amount: value });
      },
      async renderPaymentMethods(options) {
        needAmount();
        const listeners = [];
        await render("methods", options, (message) => {
          const isNew = message.method.code !== state.method?.code;
          const isFirst = state.method === null;
          state.method = message.method;
          if (!isNew || isFirst) return;
          for (const tell of listeners) tell({ code: state.method.code });
        });
        return {
          on: subscribe("methods", listeners),
          getSelectedPaymentMethod: () =>
            Promise.resolve({ code: state.method.code }),
          destroy: () => destroy("methods"),
        };
      },
      async renderAgreement(options) {
        const listeners = [];
        const status = () => {
          const term = { id: "simulator", required: true };
          const agreements = [{ term, agreed: state.agreed }];
          return { agreedRequiredTerms: state.agreed, agreements };
        };
        await render("agreement", options, (message) => {
          state.agreed = message.agreed;
          for (const tell of listeners) tell(status());
        });
        const on = subscribe("agreement", listeners);
        return {
          on(eventName, callback) {
            on(eventName, callback);
            // The state that the page opened with, as the first event.
            queueMicrotask(() => callback(status()));
          },
          destroy: () => destroy("agreement"),
        };
      },
      async requestPayment(options) {
        needAmount();
        const lacking = missing(state);
        if (lacking !== null) {
          if (lacking[0] === "NEED_CARD_PAYMENT_DETAIL") {
            state.parts.methods.tell({ type: "card" });
          }
          throw fail(...lacking);
        }
        const result = await requestPayment(base, {
          ...options,
          amount: state.amount,
          ...methodOf(state.method),
        });
        return { ...result, paymentType: "NORMAL" };
      },
    };
  };
};
