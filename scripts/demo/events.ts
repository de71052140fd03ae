import { Webhook } from "standardwebhooks";
import { expectStep, type Scene } from "./scene.ts";

interface Received {
  id: string;
  type: string;
  isSigned: boolean;
}

/** The shop's warehouse: it is down when the first event comes, and checks every signature. */
function openWarehouse() {
  const requests: Received[] = [];
  const taken: Received[] = [];
  let webhook: Webhook | null = null;
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      const body = await request.text();
      const received: Received = {
        id: request.headers.get("webhook-id") ?? "",
        type: JSON.parse(body).type,
        isSigned: isSigned(webhook, body, request.headers),
      };
      requests.push(received);
      if (requests.length === 1) return new Response(null, { status: 503 });
      taken.push(received);
      return new Response(null, { status: 204 });
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}/events`,
    requests,
    taken,
    use: (secret: string) => webhook = new Webhook(secret),
    close: () => server.shutdown(),
  };
}

function isSigned(
  webhook: Webhook | null,
  body: string,
  headers: Headers,
): boolean {
  try {
    webhook?.verify(body, Object.fromEntries(headers));
    return webhook !== null;
  } catch {
    return false;
  }
}

/** Another system of the shop hears what happens to an order. */
export const events: Scene = {
  title: "Events for the shop's other systems 이벤트",
  async play(shop) {
    const warehouse = openWarehouse();
    try {
      const made = await shop.asOperator("webhook-endpoints", {
        action: "create",
        url: warehouse.url,
      });
      warehouse.use(String(made.body.secret));
      const inside = await shop.asOperator("webhook-endpoints", {
        action: "create",
        url: "http://169.254.169.254/latest/meta-data",
      });
      const order = await shop.checkout({
        items: [{ productId: "tshirt", quantity: 1 }],
      });
      await shop.confirm(order, shop.pay(order));
      await shop.asOperator("cancel", {
        orderId: order.orderId,
        cancelReason: "고객 요청",
        requestId: "demo-events",
      });
      await shop.settle();
      const asOf = new Date((await shop.stack.now()).getTime() + 60_000);
      for (let round = 0; round < 4; round++) {
        await shop.asCron("worker", { job: "outbox", asOf });
      }
      await shop.asOperator("webhook-endpoints", {
        action: "disable",
        id: made.body.id,
      });
      const { requests, taken } = warehouse;
      return [
        expectStep(
          "the warehouse wants to hear of everything",
          `${made.status}, a secret: ${
            String(made.body.secret).startsWith("whsec_")
          }`,
          "201, a secret: true",
        ),
        expectStep(
          "an address inside the platform",
          `${inside.status} ${inside.body.code}`,
          "422 url_not_allowed",
        ),
        expectStep(
          "it was down at first, and got all in order",
          taken.map(({ type }) => type).join(", "),
          "payment.confirmed, order.paid, payment.refunded",
        ),
        expectStep(
          "the first one came again, under its id",
          String(requests[0]?.id === taken[0]?.id),
          "true",
        ),
        expectStep(
          "signatures",
          `${
            requests.filter((one) => one.isSigned).length
          } of ${requests.length} verify`,
          `${requests.length} of ${requests.length} verify`,
        ),
      ];
    } finally {
      await warehouse.close();
    }
  },
};
