"use client";

import { useEffect, useState } from "react";
import {
  TossPaymentsProvider,
  useCheckout,
  useWidget,
} from "supabase-tosspayments-client/react";
import { tossPayments } from "@/lib/browser";

const ELEMENTS = { methods: "#payment-methods", agreement: "#agreement" };

/** The guides' widget page: the order is made on the server, so the page holds no amount of its own. */
export function CheckoutWidget({ productId }: { productId: string }) {
  return (
    <TossPaymentsProvider client={tossPayments}>
      <Widget productId={productId} />
    </TossPaymentsProvider>
  );
}

function Widget({ productId }: { productId: string }) {
  const [origin, setOrigin] = useState("");
  const { order, placeOrder, error } = useCheckout();
  const widget = useWidget(order, {
    ...ELEMENTS,
    successUrl: `${origin}/api/payments/success`,
    failUrl: `${origin}/payment/fail`,
  });
  useEffect(() => {
    setOrigin(location.origin);
    void placeOrder({
      items: [{ productId, quantity: 1 }],
      ui: "widget",
    });
    // The cart is the product's; the hook's functions are new at each rendering.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [productId]);

  const refusal = error ?? widget.error;
  return (
    <>
      {order && (
        <p>{order.orderName}, {order.amount.toLocaleString("ko-KR")}원</p>
      )}
      <div id="payment-methods" />
      <div id="agreement" />
      <button
        type="button"
        disabled={!widget.ready || widget.pending}
        onClick={() => widget.pay()}
      >
        결제하기
      </button>
      {refusal && <p role="alert">{refusal.userMessage}</p>}
    </>
  );
}
