import { expectStep, type Scene } from "./scene.ts";

/** A one-time pass for a plan: paid, usable, refunded in Toss's dashboard. */
export const pass: Scene = {
  title: "A plan's pass 이용권",
  async play(shop) {
    const plan = async () => {
      const { data } = await shop.buyer.from("user_plans")
        .select("plan, status").maybeSingle();
      return data === null ? "none" : `${data.plan} ${data.status}`;
    };
    const before = await plan();
    const order = await shop.checkout({ planId: "basic" });
    const paymentKey = shop.pay(order);
    const query = new URLSearchParams({
      orderId: order.orderId,
      paymentKey,
      amount: String(order.amount),
    });
    const redirect = await fetch(`${order.successUrl}?${query}`, {
      redirect: "manual",
    });
    const location = new URL(redirect.headers.get("location") ?? "none:");
    const during = await plan();

    const refund = (cancelAmount: number) =>
      fetch(`${shop.toss.url}/v1/payments/${paymentKey}/cancel`, {
        method: "POST",
        headers: {
          authorization: `Basic ${
            btoa(`${shop.toss.secretKeyOf(paymentKey)}:`)
          }`,
          "content-type": "application/json",
        },
        body: JSON.stringify({ cancelReason: "고객 요청", cancelAmount }),
      });
    await refund(1900);
    await shop.settle();
    const partly = `${await shop.orderStatus(order)}, ${await plan()}`;
    await refund(order.amount - 1900);
    await shop.settle();
    const fully = `${await shop.orderStatus(order)}, ${await plan()}`;
    return [
      expectStep("before paying", before, "none"),
      expectStep(
        "Toss redirects the browser to GET confirm",
        `${redirect.status} ${location.searchParams.get("status")}`,
        "303 confirmed",
      ),
      expectStep("after paying", during, "basic active"),
      expectStep(
        "1,900 won refunded in Toss's dashboard",
        partly,
        "partially_refunded, basic active",
      ),
      expectStep("the rest refunded there", fully, "refunded, basic canceled"),
    ];
  },
};
