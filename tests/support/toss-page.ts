import assert from "node:assert/strict";

/** What a page asked Toss's SDK to do. */
export interface SdkCall {
  clientKey: string;
  customerKey: string;
  /** `requestPayment`, `widgets.requestPayment`, `setAmount` … */
  name: string;
  options: Record<string, unknown>;
}

/** A page of a shop in a tab: what the client needs of a browser, without one. */
export class TossPage {
  readonly calls: SdkCall[] = [];
  readonly #stored = new Map<string, string>();
  /** What the next calls of this name are refused with. */
  readonly refusals = new Map<string, string>();

  /** What the tab keeps over a reload. */
  stored(): string {
    return [...this.#stored.values()].join("\n");
  }

  /** The last call of the SDK. */
  get last(): SdkCall {
    const call = this.calls.at(-1);
    assert.ok(call, "nothing was opened");
    return call;
  }

  #sdk(clientKey: string) {
    const record = (customerKey: string, name: string) => {
      return (options: Record<string, unknown> = {}) => {
        this.calls.push({ clientKey, customerKey, name, options });
        const code = this.refusals.get(name);
        return code === undefined
          ? Promise.resolve()
          : Promise.reject(Object.assign(new Error("거절"), { code }));
      };
    };
    const part = (customerKey: string, name: string) => {
      const render = record(customerKey, name);
      return async (options: Record<string, unknown>) => {
        await render(options);
        return { destroy: record(customerKey, `destroy ${name}`) };
      };
    };
    return {
      payment: ({ customerKey }: { customerKey: string }) => ({
        requestPayment: record(customerKey, "requestPayment"),
        requestBillingAuth: record(customerKey, "requestBillingAuth"),
      }),
      widgets: ({ customerKey }: { customerKey: string }) => ({
        setAmount: record(customerKey, "setAmount"),
        renderPaymentMethods: part(customerKey, "methods"),
        renderAgreement: part(customerKey, "agreement"),
        requestPayment: record(customerKey, "widgets.requestPayment"),
      }),
    };
  }

  /** Runs what the page's script does, with the tab around it. */
  async run<Value>(script: () => Promise<Value>, search = ""): Promise<Value> {
    const tab = {
      document: { hidden: false, head: {}, addEventListener() {} },
      location: { search, origin: "https://shop.example" },
      navigator: { language: "ko-KR" },
      sessionStorage: {
        getItem: (key: string) => this.#stored.get(key) ?? null,
        setItem: (key: string, value: string) => this.#stored.set(key, value),
        removeItem: (key: string) => this.#stored.delete(key),
      },
      TossPayments: (clientKey: string) => this.#sdk(clientKey),
    };
    const names = Object.keys(tab);
    const before = names.map((name) =>
      Object.getOwnPropertyDescriptor(globalThis, name)
    );
    for (const [name, value] of Object.entries(tab)) {
      Object.defineProperty(globalThis, name, { value, configurable: true });
    }
    try {
      return await script();
    } finally {
      names.forEach((name, index) => {
        const descriptor = before[index];
        if (descriptor) Object.defineProperty(globalThis, name, descriptor);
        else Reflect.deleteProperty(globalThis, name);
      });
    }
  }
}
