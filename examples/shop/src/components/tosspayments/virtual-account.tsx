"use client";

import { useEffect, useState } from "react";
import type { Payment } from "supabase-tosspayments-client";
import { useOrder, useTossPayments } from "supabase-tosspayments-client/react";
import { Alert, AlertDescription, AlertTitle } from "@/components/ui/alert";
import { Button } from "@/components/ui/button";
import { formatMoney, formatTime, type Locale } from "@/lib/tosspayments";

/** Props of {@link VirtualAccount}. */
export interface VirtualAccountProps {
  /** The answer of `confirm` with status `waiting_for_deposit`. */
  payment: Payment;
  /** @default "ko" */
  locale?: Locale;
  /** Called once, when the money has arrived. */
  onDeposit?: () => void;
}

const TEXT = {
  ko: {
    title: "아래 계좌로 입금해 주세요",
    bank: "은행",
    number: "계좌번호",
    name: "입금자명",
    amount: "입금할 금액",
    until: "입금 기한",
    copy: "계좌번호 복사",
    copied: "복사했어요",
    paid: "입금이 확인됐어요",
    paidText: "주문이 완료됐어요.",
    over: "입금 기한이 지났어요",
    overText: "이 계좌로는 입금하지 마세요. 다시 주문해 주세요.",
    hint: "금액이 정확히 같아야 입금돼요. 입금하면 이 화면이 바뀌어요.",
    days: "일",
    left: "남음",
  },
  en: {
    title: "Please pay into this account",
    bank: "Bank",
    number: "Account number",
    name: "Depositor",
    amount: "Amount",
    until: "Until",
    copy: "Copy account number",
    copied: "Copied",
    paid: "Your deposit has arrived",
    paidText: "Your order is complete.",
    over: "The deadline has passed",
    overText: "Do not pay into this account. Please order again.",
    hint: "Pay exactly this amount. The page changes when it has arrived.",
    days: "d",
    left: "left",
  },
};

const POLL_MS = 5000;

/** Milliseconds until a moment, counted down by the second; 0 when it is over. */
function useCountdown(iso: string | null): number | null {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return iso === null ? null : Math.max(0, Date.parse(iso) - now);
}

function clock(ms: number, days: string): string {
  const seconds = Math.floor(ms / 1000);
  const two = (value: number) => String(value).padStart(2, "0");
  const whole = Math.floor(seconds / 86_400);
  const rest = `${two(Math.floor(seconds / 3600) % 24)}:${
    two(Math.floor(seconds / 60) % 60)
  }:${two(seconds % 60)}`;
  return whole === 0 ? rest : `${whole}${days} ${rest}`;
}

/** Whether the money has arrived: a signed-in buyer reads the order, a guest repeats the confirm. */
function useDeposit({ orderId, paymentKey, amount }: Payment): boolean {
  const client = useTossPayments();
  const { order, pending } = useOrder(orderId);
  const [confirmed, setConfirmed] = useState(false);
  const isGuest = !pending && order === null;
  useEffect(() => {
    if (!isGuest || confirmed) return;
    const timer = setInterval(async () => {
      if (document.hidden) return;
      const answer = await client
        .confirm({ paymentKey, orderId, amount }, { waitMs: 0 })
        .catch(() => null);
      if (answer?.status === "confirmed") setConfirmed(true);
    }, POLL_MS);
    return () => clearInterval(timer);
  }, [client, isGuest, confirmed, paymentKey, orderId, amount]);
  return confirmed || order?.status === "paid";
}

/** The account that an order waits for, with its deadline, until the money has arrived. */
export function VirtualAccount(
  { payment, locale = "ko", onDeposit }: VirtualAccountProps,
) {
  const text = TEXT[locale];
  const account = payment.virtualAccount;
  const left = useCountdown(account?.dueDate ?? null);
  const isPaid = useDeposit(payment);
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (isPaid) onDeposit?.();
    // Once, whatever function the page gives at the next render.
  }, [isPaid]);
  if (account === undefined) return null;
  if (isPaid) {
    return (
      <Alert className="bg-accent text-accent-foreground" role="status">
        <AlertTitle>{text.paid}</AlertTitle>
        <AlertDescription>{text.paidText}</AlertDescription>
      </Alert>
    );
  }
  if (left === 0) {
    return (
      <Alert variant="destructive">
        <AlertTitle>{text.over}</AlertTitle>
        <AlertDescription>{text.overText}</AlertDescription>
      </Alert>
    );
  }
  const rows = [
    [text.bank, account.bankName ?? account.bankCode ?? "–"],
    [text.number, account.accountNumber],
    [text.name, account.customerName ?? "–"],
    [text.amount, formatMoney(payment.amount, locale)],
  ];
  return (
    <section className="flex flex-col gap-4" aria-label={text.title}>
      <h2 className="text-lg font-bold">{text.title}</h2>
      <dl className="divide-y rounded-lg border bg-card px-4">
        {rows.map(([name, value]) => (
          <div key={name} className="flex justify-between gap-4 py-3">
            <dt className="shrink-0 text-muted-foreground">{name}</dt>
            <dd className="text-right font-semibold tabular-nums">{value}</dd>
          </div>
        ))}
        {account.dueDate !== null && left !== null && (
          <div className="flex justify-between gap-4 py-3">
            <dt className="shrink-0 text-muted-foreground">{text.until}</dt>
            <dd className="text-right">
              <span className="block font-semibold">
                {formatTime(account.dueDate, locale)}
              </span>
              <span
                className="block text-sm tabular-nums text-muted-foreground"
                role="timer"
              >
                {clock(left, text.days)} {text.left}
              </span>
            </dd>
          </div>
        )}
      </dl>
      <Button
        variant="outline"
        onClick={async () => {
          await navigator.clipboard.writeText(account.accountNumber);
          setCopied(true);
        }}
      >
        {isCopied ? text.copied : text.copy}
      </Button>
      <p className="text-sm text-muted-foreground">{text.hint}</p>
    </section>
  );
}
