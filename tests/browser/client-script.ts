/** The page of client.test.ts: every hook, under StrictMode, which runs each effect twice. */
import { createClient } from "@supabase/supabase-js";
import { createElement as h, StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { createTossPayments } from "../../packages/client/src/index.ts";
import {
  TossPaymentsProvider,
  useCheckout,
  useComplete,
  useEntitlement,
  useOrder,
  usePaymentMethods,
  useSubscription,
  useWidget,
} from "../../packages/client/src/react.ts";

interface Browser {
  settings: { apiUrl: string; publishableKey: string; sdkUrl: string };
  location: { origin: string; pathname: string; search: string };
  document: { getElementById(id: string): Parameters<typeof createRoot>[0] };
}

const { settings, location, document } = globalThis as unknown as Browser;
const supabase = createClient(settings.apiUrl, settings.publishableKey);
const client = createTossPayments(supabase, {
  sdkUrl: settings.sdkUrl,
  successUrl: `${location.origin}/success`,
  failUrl: `${location.origin}/fail`,
});

const CART = { items: [{ productId: "sticker", quantity: 1 }] };

function button(name: string, onClick: () => unknown, disabled = false) {
  return h("button", { key: name, onClick, disabled }, name);
}

function show(id: string, text: unknown) {
  return h("p", { key: id, id }, String(text));
}

function Purchases() {
  const checkout = useCheckout();
  const order = checkout.order?.clientKey.includes("_gck_")
    ? checkout.order
    : null;
  const widget = useWidget(order, {
    methods: "#methods",
    agreement: "#agreement",
  });
  return h(
    "section",
    null,
    button("buy", () => checkout.buy({ ...CART, ui: "window" })),
    button("widget", () => checkout.placeOrder({ ...CART, ui: "widget" })),
    h("div", { id: "methods" }),
    h("div", { id: "agreement" }),
    button("pay", () => widget.pay(), !widget.ready),
    show("order", checkout.order?.orderId ?? ""),
    show("problem", (checkout.error ?? widget.error)?.code ?? ""),
  );
}

function MyPage() {
  const { subscription, loading, pending, error, ...does } = useSubscription(
    "basic",
  );
  const { hasAccess } = useEntitlement("basic");
  const cards = usePaymentMethods();
  return h(
    "section",
    null,
    button(
      "subscribe",
      () => does.subscribe("basic", { billingMethodId: cards.methods[0]?.id }),
      pending || cards.loading,
    ),
    button("cancel", () => does.cancel(), pending),
    button("resume", () => does.resume(), pending),
    show("subscription", loading ? "…" : subscription?.status ?? "none"),
    show("ends", subscription?.cancel_at_period_end ?? ""),
    show("access", hasAccess),
    show("cards", cards.methods.map(({ method }) => method).join()),
    show("refusal", error?.code ?? ""),
  );
}

function Success() {
  const { completion, pending, error } = useComplete();
  const orderId = completion?.kind === "payment" ? completion.orderId : null;
  const { order } = useOrder(orderId);
  return h(
    "section",
    null,
    show("completion", pending ? "…" : completion?.status ?? "nothing"),
    show("status", order?.status ?? ""),
    show("problem", error?.code ?? ""),
  );
}

function Failure() {
  return show("failure", client.failure()?.code ?? "");
}

const PAGES: Record<string, () => ReturnType<typeof h>> = {
  "/success": Success,
  "/fail": Failure,
  "/my-page": MyPage,
};

Object.assign(globalThis, {
  signUp: (email: string) =>
    supabase.auth.signUp({ email, password: "correct-horse-1" }),
});
createRoot(document.getElementById("root")).render(
  h(
    StrictMode,
    null,
    h(
      TossPaymentsProvider,
      { client },
      h(PAGES[location.pathname] ?? Purchases),
    ),
  ),
);
