"use client";

import { type FormEvent, useEffect, useState } from "react";
import {
  asTossPaymentsError,
  type Order,
  type Payment,
  type TossPaymentsError,
} from "supabase-tosspayments-client";
import { useTossPayments } from "supabase-tosspayments-client/react";
import { OrderStory } from "@/components/tosspayments/order-story";
import { Problem } from "@/components/tosspayments/problem";
import { VirtualAccount } from "@/components/tosspayments/virtual-account";
import { Alert, AlertTitle } from "@/components/ui/alert";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Input } from "@/components/ui/input";
import { Label } from "@/components/ui/label";
import { Skeleton } from "@/components/ui/skeleton";
import { formatDate, formatMoney, type Locale } from "@/lib/tosspayments";

/** Props of {@link MyOrders}. */
export interface MyOrdersProps {
  /** @default "ko" */
  locale?: Locale;
  /** How many of the newest orders are shown. @default 20 */
  limit?: number;
}

const TEXT = {
  ko: {
    none: "아직 주문이 없어요.",
    status: {
      pending: "결제 전",
      waiting_for_deposit: "입금 대기",
      paid: "결제 완료",
      partially_refunded: "일부 환불",
      refunded: "환불 완료",
      canceled: "취소됨",
      failed: "결제 실패",
      expired: "만료됨",
    },
    account: "입금 계좌 보기",
    giveUp: "주문 취소",
    withdraw: "청약철회 신청",
    withdrawText: "받은 날부터 7일 안에는 이유를 묻지 않고 환불해 드려요.",
    reason: "이유",
    reasonDefault: "단순 변심",
    send: "신청하기",
    withdrawn: "청약철회를 신청했어요. 3영업일 안에 답을 드려요.",
    receipt: "현금영수증 신청",
    receiptType: "용도",
    number: "휴대폰 번호 또는 사업자등록번호",
    personal: "소득공제 (개인)",
    business: "지출증빙 (사업자)",
    receiptDone: "현금영수증을 신청했어요.",
  },
  en: {
    none: "No orders yet.",
    status: {
      pending: "Not paid",
      waiting_for_deposit: "Waiting for deposit",
      paid: "Paid",
      partially_refunded: "Partly refunded",
      refunded: "Refunded",
      canceled: "Cancelled",
      failed: "Failed",
      expired: "Expired",
    },
    account: "Show the account",
    giveUp: "Cancel the order",
    withdraw: "Withdraw from the order",
    withdrawText:
      "Within seven days of delivery you get your money back, whatever the reason.",
    reason: "Reason",
    reasonDefault: "Changed my mind",
    send: "Send",
    withdrawn:
      "You asked to withdraw. You will hear from us within three business days.",
    receipt: "Cash receipt",
    receiptType: "For",
    number: "Phone or business number",
    personal: "Income deduction (personal)",
    business: "Proof of expense (business)",
    receiptDone: "You asked for a cash receipt.",
  },
};

/** Runs what the buyer asks for, once at a time. */
function useAction() {
  const [pending, setPending] = useState(false);
  const [error, setError] = useState<TossPaymentsError | null>(null);
  return {
    pending,
    error,
    async run(what: () => Promise<unknown>): Promise<boolean> {
      setPending(true);
      setError(null);
      try {
        await what();
        return true;
      } catch (problem) {
        setError(asTossPaymentsError(problem));
        return false;
      } finally {
        setPending(false);
      }
    },
  };
}

interface PartProps {
  order: Order;
  locale: Locale;
  onChange: () => void;
}

/** The account of an order that waits: the confirm, repeated, answers it again. */
function Waiting({ order, locale, onChange }: PartProps) {
  const client = useTossPayments();
  const text = TEXT[locale];
  const { pending, error, run } = useAction();
  const [payment, setPayment] = useState<Payment | null>(null);
  const paymentKey = order.payments.at(-1)?.payment_key;
  if (paymentKey === undefined) return null;
  const show = () =>
    run(async () => {
      const { id: orderId, amount } = order;
      const answer = await client.confirm({ paymentKey, orderId, amount });
      if (answer.status !== "processing") setPayment(answer);
    });
  const giveUp = async () => {
    const { id: orderId } = order;
    const cancelReason = text.giveUp;
    if (await run(() => client.cancel({ orderId, cancelReason }))) onChange();
  };
  return (
    <div className="flex flex-col gap-3">
      {payment === null
        ? (
          <Button variant="outline" disabled={pending} onClick={show}>
            {text.account}
          </Button>
        )
        : (
          <VirtualAccount
            payment={payment}
            locale={locale}
            onDeposit={onChange}
          />
        )}
      <Button variant="ghost" disabled={pending} onClick={giveUp}>
        {text.giveUp}
      </Button>
      <Problem error={error} locale={locale} />
    </div>
  );
}

function Withdrawal({ order, locale, onChange }: PartProps) {
  const client = useTossPayments();
  const text = TEXT[locale];
  const { pending, error, run } = useAction();
  const asked = order.withdrawals.some(({ status }) => status === "requested");
  if (asked) {
    return (
      <Alert className="bg-accent text-accent-foreground" role="status">
        <AlertTitle>{text.withdrawn}</AlertTitle>
      </Alert>
    );
  }
  const send = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const reason = String(new FormData(event.currentTarget).get("reason"));
    const { id: orderId } = order;
    if (await run(() => client.withdrawal({ orderId, reason }))) onChange();
  };
  return (
    <details>
      <summary className="py-2 text-sm text-muted-foreground">
        {text.withdraw}
      </summary>
      <form className="flex flex-col gap-3 pt-2" onSubmit={send}>
        <p className="text-sm text-muted-foreground">{text.withdrawText}</p>
        <Label>
          {text.reason}
          <Input
            name="reason"
            required
            maxLength={200}
            defaultValue={text.reasonDefault}
          />
        </Label>
        <Problem error={error} locale={locale} />
        <Button type="submit" variant="outline" disabled={pending}>
          {text.send}
        </Button>
      </form>
    </details>
  );
}

function CashReceipt({ order, locale, onChange }: PartProps) {
  const client = useTossPayments();
  const text = TEXT[locale];
  const { pending, error, run } = useAction();
  const send = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const isPersonal = form.get("type") === "소득공제";
    const asked = await run(() =>
      client.cashReceipt({
        orderId: order.id,
        type: isPersonal ? "소득공제" : "지출증빙",
        customerIdentityNumber: String(form.get("number")),
      })
    );
    if (asked) onChange();
  };
  return (
    <details>
      <summary className="py-2 text-sm text-muted-foreground">
        {text.receipt}
      </summary>
      <form className="flex flex-col gap-3 pt-2" onSubmit={send}>
        <Label>
          {text.receiptType}
          <select
            name="type"
            className="h-11 rounded-lg border border-input bg-card px-3 text-base font-normal"
          >
            <option value="소득공제">{text.personal}</option>
            <option value="지출증빙">{text.business}</option>
          </select>
        </Label>
        <Label>
          {text.number}
          <Input
            name="number"
            required
            inputMode="numeric"
            pattern="[0-9]{10,13}"
            placeholder="01000001234"
          />
        </Label>
        <Problem error={error} locale={locale} />
        <Button type="submit" variant="outline" disabled={pending}>
          {text.send}
        </Button>
      </form>
    </details>
  );
}

const CASH = ["가상계좌", "계좌이체"];

function OrderCard({ order, locale, onChange }: PartProps) {
  const { status } = order;
  const isPaid = status === "paid" || status === "partially_refunded";
  const isCash = order.payments.some(({ method, balance_amount }) =>
    CASH.includes(method ?? "") && balance_amount > 0
  );
  const isSubscription = order.subscription_charge_id !== null;
  return (
    <li
      data-order={order.id}
      className="rounded-xl border bg-card text-card-foreground"
    >
      <details>
        <summary className="flex list-none items-center justify-between gap-3 px-5 py-4">
          <span className="min-w-0">
            <span className="block font-semibold">{order.order_name}</span>
            <span className="block text-sm text-muted-foreground">
              {formatDate(order.created_at, locale)}
            </span>
          </span>
          <span className="flex shrink-0 flex-col items-end gap-1">
            <span className="font-semibold tabular-nums">
              {formatMoney(order.amount, locale, order.currency)}
            </span>
            <Badge
              variant="secondary"
              className={isPaid ? "bg-accent text-accent-foreground" : ""}
            >
              {TEXT[locale].status[status]}
            </Badge>
          </span>
        </summary>
        <div className="flex flex-col gap-4 border-t px-5 py-4">
          <OrderStory order={order} locale={locale} />
          {status === "waiting_for_deposit" && (
            <Waiting order={order} locale={locale} onChange={onChange} />
          )}
          {isPaid && isCash && order.receipts.length === 0 && (
            <CashReceipt order={order} locale={locale} onChange={onChange} />
          )}
          {isPaid && !isSubscription && (
            <Withdrawal order={order} locale={locale} onChange={onChange} />
          )}
        </div>
      </details>
    </li>
  );
}

const REFRESH_MS = 5000;

/** The signed-in buyer's orders, each with its story, receipts and what the buyer may still do with it. */
export function MyOrders({ locale = "ko", limit = 20 }: MyOrdersProps) {
  const client = useTossPayments();
  const [orders, setOrders] = useState<Order[] | null>(null);
  const [error, setError] = useState<TossPaymentsError | null>(null);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let left = false;
    const read = () =>
      client.orders(limit).then(
        (read) => left || setOrders(read),
        (problem) => left || setError(asTossPaymentsError(problem)),
      );
    void read();
    const timer = setInterval(() => document.hidden || read(), REFRESH_MS);
    return () => {
      left = true;
      clearInterval(timer);
    };
  }, [client, limit, turn]);
  if (orders === null) {
    return error === null
      ? <Skeleton className="h-40 w-full" />
      : <Problem error={error} locale={locale} />;
  }
  if (orders.length === 0) {
    return <p className="text-muted-foreground">{TEXT[locale].none}</p>;
  }
  return (
    <ul className="flex flex-col gap-3">
      {orders.map((order) => (
        <OrderCard
          key={order.id}
          order={order}
          locale={locale}
          onChange={() => setTurn((before) => before + 1)}
        />
      ))}
    </ul>
  );
}
