import { createPayments } from "@/lib/server";
import { leave, stay } from "../actions";
import { SubscribeButton } from "./subscribe-button";

export default async function PlansPage() {
  const tossPayments = await createPayments();
  const [plans, subscriptions] = await Promise.all([
    tossPayments.plans(),
    // A visitor who is not signed in may not ask.
    tossPayments.subscriptions().catch(() => []),
  ]);
  return (
    <>
      <h1>요금제</h1>
      {plans.map(({ id, name, price }) => {
        const subscription = subscriptions.find((one) =>
          one.plan_id === id && one.status !== "canceled"
        );
        return (
          <section key={id}>
            <h2>{name}</h2>
            <p>{price.toLocaleString("ko-KR")}원</p>
            {subscription
              ? subscription.cancel_at_period_end
                ? (
                  <form action={stay.bind(null, subscription.id)}>
                    <button type="submit">계속 이용하기</button>
                  </form>
                )
                : (
                  <form action={leave.bind(null, subscription.id)}>
                    <button type="submit">해지하기</button>
                  </form>
                )
              : <SubscribeButton planId={id} />}
          </section>
        );
      })}
    </>
  );
}
