import { fileURLToPath } from "node:url";

/** What the page must know of the project. */
export interface ShopPageSettings {
  functionsUrl: string;
  publishableKey: string;
  /** Address of the script that the SDK loads. */
  sdkSource: string;
}

/** A running shop: one page with one button. */
export interface ShopPage {
  url: string;
  configure(settings: ShopPageSettings): void;
  stop(): Promise<void>;
}

// The package as npm delivers it; a browser cannot resolve its name.
const SDK = fileURLToPath(
  new URL(
    "../../node_modules/@tosspayments/tosspayments-sdk/dist/index.esm.js",
    import.meta.url,
  ),
);

const PAGE = `<!doctype html>
<html lang="ko">
<meta charset="utf-8">
<link rel="icon" href="data:,">
<title>Shop</title>
<button id="buy">스티커 사기</button>
<p id="problem"></p>
<script type="module">
import { loadTossPayments } from "/tosspayments-sdk.js";

async function buy() {
  const settings = await (await fetch("/settings.json")).json();
  const answer = await fetch(settings.functionsUrl + "/checkout", {
    method: "POST",
    headers: { "content-type": "application/json", apikey: settings.publishableKey },
    body: JSON.stringify({ items: [{ productId: "sticker", quantity: 1 }] }),
  });
  if (!answer.ok) throw new Error(await answer.text());
  const order = await answer.json();
  const toss = await loadTossPayments(order.clientKey, { src: settings.sdkSource });
  await toss.payment({ customerKey: order.customerKey }).requestPayment({
    method: "CARD",
    amount: { currency: order.currency, value: order.amount },
    orderId: order.orderId,
    orderName: order.orderName,
    successUrl: order.successUrl,
    failUrl: order.failUrl,
  });
}

document.querySelector("#buy").addEventListener("click", () => {
  buy().catch((error) => {
    document.querySelector("#problem").textContent = String(error);
  });
});
</script>
</html>
`;

/** Serves the page, and the SDK out of `node_modules`, on 127.0.0.1. */
export function startShopPage(): ShopPage {
  let settings: ShopPageSettings | undefined;
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/settings.json") return Response.json(settings);
      if (pathname === "/tosspayments-sdk.js") {
        return new Response(await Deno.readFile(SDK), {
          headers: { "content-type": "text/javascript; charset=utf-8" },
        });
      }
      return new Response(PAGE, {
        headers: { "content-type": "text/html; charset=utf-8" },
      });
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    configure(given) {
      settings = given;
    },
    stop: () => server.shutdown(),
  };
}
