import assert from "node:assert/strict";

/** What a page asked Toss's SDK to open. */
export interface WindowCall {
  clientKey: string;
  customerKey: string;
  /** What `requestPayment` or `requestBillingAuth` was given. */
  options: Record<string, unknown>;
}

const opened: WindowCall[] = [];

// What the script that the SDK loads defines; the SDK keeps the first one that it finds.
function TossPayments(clientKey: string) {
  return {
    payment({ customerKey }: { customerKey: string }) {
      const open = (options: Record<string, unknown>) => {
        opened.push({ clientKey, customerKey, options });
        return Promise.resolve();
      };
      return { requestPayment: open, requestBillingAuth: open };
    },
  };
}

/** Runs what a page does to open a window, with what the real SDK needs of a browser; answers what it asked for. */
export async function openedBy(
  page: () => Promise<void>,
): Promise<WindowCall> {
  const browser = { window: { TossPayments }, document: {} };
  Object.assign(globalThis, browser);
  try {
    await page();
  } finally {
    for (const name of Object.keys(browser)) {
      Reflect.deleteProperty(globalThis, name);
    }
  }
  const call = opened.pop();
  assert.ok(call, "no window was opened");
  return call;
}
