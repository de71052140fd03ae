import type { CheckoutAnswer } from "./generated/api.ts";
import {
  inWindow,
  loadSdk,
  type LoadTossPayments,
  type TossWidgetPart,
} from "./sdk.ts";

/** Where the browser comes back to; each is the functions' own address unless named. */
export interface Targets {
  /** A page of the shop that calls `complete`; without it `GET confirm`, which redirects to APP_SUCCESS_PATH. */
  successUrl?: string | undefined;
  failUrl?: string | undefined;
}

/** How the SDK is loaded, and where its windows lead. */
export interface WindowContext extends Targets {
  sdkUrl?: string;
  load?: LoadTossPayments;
}

/** What a payment window is opened with. */
export interface WindowOptions extends Targets {
  /** Easy pay is in `CARD`. @default "CARD" */
  method?: "CARD" | "TRANSFER" | "VIRTUAL_ACCOUNT" | undefined;
  /** How long a virtual account waits, and holds the stock. @default 24 */
  validHours?: number | undefined;
  /** More of Toss's own parameters, for example `card: { flowMode: "DIRECT", easyPay: "TOSSPAY" }`. */
  toss?: object | undefined;
}

/** Where the payment widget is rendered. */
export interface WidgetOptions extends Targets {
  /** The selector of the element for the methods, for example `#payment-methods`. */
  methods: string;
  /** The selector of the element for the terms. */
  agreement?: string | undefined;
  /** Keys of the designs in Toss's admin page. */
  variantKey?: string | undefined;
  agreementVariantKey?: string | undefined;
  /** Removes the widget, also one that is still being rendered: what a page does that is left. */
  signal?: AbortSignal | undefined;
}

/** A rendered payment widget. */
export interface Widget {
  /** Opens what the buyer chose; the page is left. */
  pay(toss?: object): Promise<void>;
  destroy(): Promise<void>;
}

const targetsOf = (
  order: CheckoutAnswer,
  context: Targets,
  options: Targets,
) => ({
  successUrl: options.successUrl ?? context.successUrl ?? order.successUrl,
  failUrl: options.failUrl ?? context.failUrl ?? order.failUrl,
});

const amountOf = ({ currency, amount }: CheckoutAnswer) => ({
  currency,
  value: amount,
});

/** Opens the payment window for an order; the page is left. */
export async function openWindow(
  context: WindowContext,
  order: CheckoutAnswer,
  options: WindowOptions,
): Promise<void> {
  const { method = "CARD", validHours = 24, toss: more } = options;
  const { orderId, orderName, taxFreeAmount } = order;
  await inWindow(async () => {
    const toss = await loadSdk(order.clientKey, context);
    await toss.payment({ customerKey: order.customerKey }).requestPayment({
      method,
      amount: amountOf(order),
      orderId,
      orderName,
      ...targetsOf(order, context, options),
      ...(taxFreeAmount > 0 ? { taxFreeAmount } : {}),
      // Toss's own seven days hold the stock beyond our limit.
      ...(method === "VIRTUAL_ACCOUNT"
        ? { virtualAccount: { validHours } }
        : {}),
      ...more,
    });
  }, orderId);
}

let rendered: Promise<unknown> = Promise.resolve();

/** Renders the payment widget for an order. One after the other: two at once would share their elements. */
export function openWidget(
  context: WindowContext,
  order: CheckoutAnswer,
  options: WidgetOptions,
): Promise<Widget> {
  const { signal, methods, agreement } = options;
  const { orderId, orderName, taxFreeAmount } = order;
  const parts: TossWidgetPart[] = [];
  const destroy = () =>
    rendered = rendered.then(() =>
      Promise.all(parts.splice(0).map((part) => part.destroy()))
    );
  const opened = rendered.then(() =>
    inWindow(async () => {
      if (signal?.aborted) throw signal.reason;
      const toss = await loadSdk(order.clientKey, context);
      const widgets = toss.widgets({ customerKey: order.customerKey });
      await widgets.setAmount(amountOf(order));
      const { variantKey, agreementVariantKey } = options;
      parts.push(
        await widgets.renderPaymentMethods({
          selector: methods,
          ...(variantKey ? { variantKey } : {}),
        }),
      );
      if (agreement) {
        parts.push(
          await widgets.renderAgreement({
            selector: agreement,
            ...(agreementVariantKey ? { variantKey: agreementVariantKey } : {}),
          }),
        );
      }
      return widgets;
    }, orderId)
  );
  rendered = opened.catch(() => {});
  signal?.addEventListener("abort", destroy, { once: true });
  return opened.then((widgets) => ({
    pay: (more) =>
      inWindow(async () => {
        await widgets.requestPayment({
          orderId,
          orderName,
          ...targetsOf(order, context, options),
          ...(taxFreeAmount > 0 ? { taxFreeAmount } : {}),
          ...more,
        });
      }, orderId),
    destroy: async () => {
      await destroy();
    },
  }));
}
