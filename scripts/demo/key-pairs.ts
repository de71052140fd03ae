import { expectStep, type Scene } from "./scene.ts";

/** One project, three key pairs: everything above took the pair of its own order or card. */
export const keyPairs: Scene = {
  title: "A key pair for each purpose 키 쌍",
  async play({ stack, toss, checkout }) {
    const widget = await checkout({
      items: [{ productId: "sticker", quantity: 1 }],
      ui: "widget",
    });
    const window = await checkout({
      items: [{ productId: "sticker", quantity: 1 }],
      ui: "window",
    });
    const { sql, projectVariables } = stack;
    const [made] = await sql<{ names: string }[]>`
      select string_agg(distinct o.toss_keys, ', ' order by o.toss_keys) as names
      from public.payments as p join public.orders as o on o.id = p.order_id`;
    const ofPayment = new Map(
      toss.books().map(({ paymentKey, clientKey }) => [paymentKey, clientKey]),
    );
    const wrong = toss.requests().filter(({ path, clientKey }) => {
      const key = /^\/v1\/payments\/([^/]+)/.exec(path)?.[1] ?? "";
      return ofPayment.has(key) && ofPayment.get(key) !== clientKey;
    });
    return [
      expectStep(
        "checkout answers the key to open",
        [widget, window].map(({ clientKey }) => clientKey.slice(0, 9))
          .join(", "),
        "test_gck_, test_ck_s",
      ),
      expectStep(
        "payments were made with",
        String(made?.names),
        "billing, main, widget",
      ),
      expectStep(
        "questions to Toss with a wrong key",
        String(wrong.length),
        "0",
      ),
      expectStep(
        "each of a merchant of its own",
        String(
          new Set(toss.books().map(({ merchantId }) => merchantId)).size,
        ),
        projectVariables.TOSS_BILLING_CLIENT_KEY === undefined ? "1" : "3",
      ),
    ];
  },
};
