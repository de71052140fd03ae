"use client";

import { useId, useState } from "react";
import type { Order } from "supabase-tosspayments-client";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Input } from "@/components/ui/input";
import { Label } from "@/components/ui/label";
import { formatMoney, formatTime, type Locale } from "@/lib/tosspayments";

const TEXT = {
  ko: {
    refund: "전액 환불하기",
    sure: "환불하기",
    reason: "환불 이유",
    failed: "환불하지 못했어요. 주문을 다시 확인해 주세요.",
    none: "주문이 없어요.",
  },
  en: {
    refund: "Refund everything",
    sure: "Refund",
    reason: "Reason",
    failed: "It was not refunded. Please look at the order again.",
    none: "No orders.",
  },
};

/** Props of {@link Operator}. */
export interface OperatorProps {
  /** Read on the shop's server with the secret key: `createTossPayments(service).orders()`. */
  orders: Order[];
  /** A server action that checks who asks, and calls `cancel` with the secret key, which no browser gets. */
  refund: (orderId: string, reason: string) => Promise<unknown>;
  /** @default "ko" */
  locale?: Locale;
}

/** The shop's orders, and a refund in two steps of what has money left. */
export function Operator({ orders, refund, locale = "ko" }: OperatorProps) {
  if (orders.length === 0) {
    return <p className="text-muted-foreground">{TEXT[locale].none}</p>;
  }
  return (
    <ul className="grid gap-3">
      {orders.map((order) => (
        <li key={order.id} className="grid gap-2 rounded-lg border p-4">
          <p className="flex justify-between gap-2 font-medium">
            <span>{order.order_name}</span>
            <span>{formatMoney(order.amount, locale, order.currency)}</span>
          </p>
          <p className="flex justify-between gap-2 text-sm text-muted-foreground">
            <span>{order.id}, {formatTime(order.created_at, locale)}</span>
            <Badge variant="outline">{order.status}</Badge>
          </p>
          {order.payments.some(({ status, balance_amount }) =>
            ["DONE", "PARTIAL_CANCELED"].includes(status) && balance_amount > 0
          ) && <Refund orderId={order.id} refund={refund} locale={locale} />}
        </li>
      ))}
    </ul>
  );
}

function Refund(
  { orderId, refund, locale }:
    & { orderId: string; locale: Locale }
    & Pick<OperatorProps, "refund">,
) {
  const text = TEXT[locale];
  const id = useId();
  const [reason, setReason] = useState<string | null>(null);
  const [pending, setPending] = useState(false);
  const [failed, setFailed] = useState(false);

  async function send() {
    if (!reason) return;
    setPending(true);
    setFailed(false);
    try {
      await refund(orderId, reason);
      setReason(null);
    } catch {
      setFailed(true);
    } finally {
      setPending(false);
    }
  }

  if (reason === null) {
    return (
      <Button
        type="button"
        variant="outline"
        onClick={() => setReason("")}
      >
        {text.refund}
      </Button>
    );
  }
  return (
    <form action={send} className="grid gap-2">
      <Label htmlFor={id}>{text.reason}</Label>
      <Input
        id={id}
        required
        maxLength={200}
        value={reason}
        onChange={({ target }) => setReason(target.value)}
      />
      {failed && <p role="alert" className="text-destructive">{text.failed}</p>}
      <Button type="submit" disabled={pending}>{text.sure}</Button>
    </form>
  );
}
