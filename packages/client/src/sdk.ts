import { TossPaymentsError } from "./error.ts";
import { page } from "./page.ts";

/** As much of Toss's SDK v2 as the client uses. */
export interface TossSdk {
  payment(options: { customerKey: string }): {
    requestPayment(request: object): Promise<unknown>;
    requestBillingAuth(request: object): Promise<unknown>;
  };
  widgets(options: { customerKey: string }): {
    setAmount(amount: { currency: string; value: number }): Promise<unknown>;
    renderPaymentMethods(options: object): Promise<TossWidgetPart>;
    renderAgreement(options: object): Promise<TossWidgetPart>;
    requestPayment(request: object): Promise<unknown>;
  };
}

/** What the SDK has rendered. */
export interface TossWidgetPart {
  destroy(): Promise<void>;
}

/** `loadTossPayments` of `@tosspayments/tosspayments-sdk`, or what does the same. */
export type LoadTossPayments = (
  clientKey: string,
  options?: { src?: string },
) => Promise<unknown>;

const SCRIPT = "https://js.tosspayments.com/v2/standard";

let loading: Promise<void> | undefined;

function loadScript(src: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const { document } = page;
    if (document === undefined) return reject(new Error("There is no page."));
    const script = document.createElement("script");
    script.src = src;
    script.onload = () => resolve();
    script.onerror = () => {
      script.remove();
      reject(new Error(`${src} could not be loaded.`));
    };
    document.head.append(script);
  });
}

/** Toss's SDK for a client key; its script is loaded once, with the first window. */
export async function loadSdk(
  clientKey: string,
  { sdkUrl, load }: { sdkUrl?: string; load?: LoadTossPayments },
): Promise<TossSdk> {
  if (load) {
    return await load(clientKey, sdkUrl ? { src: sdkUrl } : {}) as TossSdk;
  }
  if (!page.TossPayments) {
    loading ??= loadScript(sdkUrl ?? SCRIPT);
    await loading.finally(() => loading = undefined);
  }
  if (!page.TossPayments) throw new Error("Toss's script is another one.");
  return page.TossPayments(clientKey) as TossSdk;
}

const CLOSED = new Set([
  "USER_CANCEL",
  "PAY_PROCESS_CANCELED",
  "PAYMENT_REQUEST_ABORTED",
]);

/** What Toss's window or its redirect said, as an error of ours. */
export function windowError(
  tossCode: string,
  message: string,
  more: { orderId?: string | undefined; cause?: unknown } = {},
): TossPaymentsError {
  const closed = CLOSED.has(tossCode);
  return new TossPaymentsError({
    code: closed ? "window_closed" : "window_failed",
    message: `${tossCode}: ${message}`,
    // Nothing was charged: the same order takes another try.
    action: "use_another_method",
    userMessage: closed ? "" : message,
    retryable: false,
    tossCode,
    ...more,
  });
}

/** Runs what opens a window; the SDK's refusals become errors of ours. */
export async function inWindow<Value>(
  open: () => Promise<Value>,
  orderId?: string,
): Promise<Value> {
  try {
    return await open();
  } catch (error) {
    if (!(error instanceof Error) || error instanceof TossPaymentsError) {
      throw error;
    }
    const { code } = error as { code?: unknown };
    throw windowError(
      typeof code === "string" ? code : "SCRIPT_NOT_LOADED",
      error.message,
      { orderId, cause: error },
    );
  }
}
