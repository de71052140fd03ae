"use client";

import { MyOrders } from "@/components/tosspayments/my-orders";
import {
  MyPaymentMethods,
  MySubscription,
  type MySubscriptionProps,
} from "@/components/tosspayments/my-subscription";

/** Props of {@link MyPage}. */
export type MyPageProps = MySubscriptionProps;

const TEXT = {
  ko: { subscription: "구독", methods: "결제수단", orders: "주문 내역" },
  en: {
    subscription: "Subscription",
    methods: "Payment methods",
    orders: "Orders",
  },
};

/** All that a signed-in buyer has: the subscription, the cards and accounts, the orders with their stories. */
export function MyPage(props: MyPageProps) {
  const { locale = "ko" } = props;
  const text = TEXT[locale];
  return (
    <div className="flex flex-col gap-10">
      <section className="flex flex-col gap-4">
        <h2 className="text-xl font-bold">{text.subscription}</h2>
        <MySubscription {...props} locale={locale} />
      </section>
      <section className="flex flex-col gap-4">
        <h2 className="text-xl font-bold">{text.methods}</h2>
        <MyPaymentMethods locale={locale} />
      </section>
      <section className="flex flex-col gap-4">
        <h2 className="text-xl font-bold">{text.orders}</h2>
        <MyOrders locale={locale} />
      </section>
    </div>
  );
}
