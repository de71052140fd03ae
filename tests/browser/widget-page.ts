import { fileURLToPath } from "node:url";

// The package as npm delivers it; a browser cannot resolve its name.
const SDK = fileURLToPath(
  new URL(
    "../../node_modules/@tosspayments/tosspayments-sdk/dist/index.esm.js",
    import.meta.url,
  ),
);

/** What the page opens the widget with, as its query. */
export interface WidgetPageQuery {
  src: string;
  clientKey: string;
  orderId: string;
  amount: string;
  lang?: string;
  windowTarget?: string;
}

const PAGE = `<!doctype html>
<html lang="ko">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>Checkout</title>
<main style="max-width:30rem;margin:0 auto">
<div id="methods"></div>
<div id="agreement"></div>
<button id="pay">Pay</button>
</main>
<p id="problem"></p>
<script type="module">
import { ANONYMOUS, loadTossPayments } from "/tosspayments-sdk.js";

const query = Object.fromEntries(new URLSearchParams(location.search));
if (query.lang) document.documentElement.lang = query.lang;
const toss = await loadTossPayments(query.clientKey, { src: query.src });
const widgets = toss.widgets({ customerKey: ANONYMOUS });
globalThis.events = [];
globalThis.widgets = widgets;
if (query.amount) {
  await widgets.setAmount({ currency: "KRW", value: Number(query.amount) });
  const [methods, agreement] = await Promise.all([
    widgets.renderPaymentMethods({ selector: "#methods", variantKey: "DEFAULT" }),
    widgets.renderAgreement({ selector: "#agreement", variantKey: "AGREEMENT" }),
  ]);
  methods.on("paymentMethodSelect", (method) => events.push(method.code));
  agreement.on("agreementStatusChange", (status) =>
    events.push(status.agreedRequiredTerms));
  globalThis.methods = methods;
  globalThis.agreement = agreement;
}
globalThis.pay = () => widgets.requestPayment({
  orderId: query.orderId,
  orderName: "머그컵 외 1건",
  successUrl: location.origin + "/success?shop=1",
  failUrl: location.origin + "/fail",
  windowTarget: query.windowTarget,
});
document.querySelector("#pay").addEventListener("click", () => {
  document.querySelector("#problem").textContent = "";
  pay().catch((error) => {
    document.querySelector("#problem").textContent = error.code;
  });
});
document.body.dataset.ready = "1";
</script>
</html>
`;

/** Serves a page with the widget, and the SDK out of `node_modules`, on 127.0.0.1. */
export function startWidgetPage(): { url: string; stop(): Promise<void> } {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const { pathname } = new URL(request.url);
      const isScript = pathname === "/tosspayments-sdk.js";
      return new Response(isScript ? await Deno.readFile(SDK) : PAGE, {
        headers: {
          "content-type": isScript
            ? "text/javascript; charset=utf-8"
            : "text/html; charset=utf-8",
        },
      });
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    stop: () => server.shutdown(),
  };
}
