"use client";

import { useEffect, useState } from "react";
import type { Completion, Tables } from "supabase-tosspayments-client";
import { cardCompanyName } from "supabase-tosspayments-client/names";
import {
  usePaymentMethods,
  useSubscription,
  useTossPayments,
} from "supabase-tosspayments-client/react";
import { Problem } from "@/components/tosspayments/problem";
import { Button } from "@/components/ui/button";
import { Skeleton } from "@/components/ui/skeleton";
import {
  formatDate,
  formatInterval,
  formatMoney,
  type Locale,
} from "@/lib/tosspayments";

/** Props of {@link Subscribe}. */
export interface SubscribeProps {
  /** The plan that the signed-in buyer subscribes to. */
  planId: string;
  /** @default "ko" */
  locale?: Locale;
  /** The plan's name in the shop's own words. */
  name?: string;
  /** Subscribed with a card that was registered already; a new one comes back on the success page. */
  onDone?: (completion: Completion) => void;
}

const TEXT = {
  ko: {
    today: "오늘 결제할 금액",
    then: "다음 결제",
    trial: (days: number) =>
      `${days}일 동안 무료예요. 체험이 끝나기 전에 해지하면 결제되지 않아요.`,
    consent: "결제하기 전에 한 번 더 동의를 받아요.",
    method: "결제수단",
    known: "등록한 결제수단",
    start: "구독하기",
    startTrial: "무료 체험 시작하기",
    card: "새 카드로",
    account: "계좌로",
    choose: "결제수단을 골라 주세요.",
  },
  en: {
    today: "To pay today",
    then: "Next payment",
    trial: (days: number) =>
      `${days} days are free. Cancel before they end and nothing is charged.`,
    consent: "We ask for your consent once more before the first charge.",
    method: "Payment method",
    known: "Registered",
    start: "Subscribe",
    startTrial: "Start the free trial",
    card: "A new card",
    account: "A bank account",
    choose: "Choose a payment method.",
  },
};

/** A registered card or account as a buyer knows it: `신한카드 ····7890`. */
export function methodName(
  method: Tables<"billing_methods">,
  locale: Locale,
): string {
  if (method.method === "TRANSFER") {
    return `${method.bank_name ?? ""} ${method.account_number_masked ?? ""}`;
  }
  const issuer = method.card_issuer_code;
  const company = issuer === null ? "" : cardCompanyName(issuer, locale);
  return `${company} ${method.card_number_masked ?? ""}`;
}

function addMonths(date: Date, months: number): void {
  const day = date.getDate();
  date.setDate(1);
  date.setMonth(date.getMonth() + months + 1, 0);
  date.setDate(Math.min(day, date.getDate()));
}

/** When a subscription that starts now is charged next. */
function nextPayment(
  { trial_days, interval, interval_count }: Tables<"plans">,
): string {
  const date = new Date();
  if (trial_days > 0) date.setDate(date.getDate() + trial_days);
  else if (interval === "day") date.setDate(date.getDate() + interval_count);
  else if (interval === "week") {
    date.setDate(date.getDate() + 7 * interval_count);
  } else addMonths(date, interval_count * (interval === "year" ? 12 : 1));
  return date.toISOString();
}

/**
 * The last step before a subscription: what is paid today and when again, and how. Nothing is chosen beforehand. A
 * registered card subscribes at once; a new one is registered in Toss's window, and the page is left.
 */
export function Subscribe(
  { planId, locale = "ko", name, onDone }: SubscribeProps,
) {
  const client = useTossPayments();
  const text = TEXT[locale];
  const { methods, loading } = usePaymentMethods();
  const { subscribe, pending, error } = useSubscription(planId);
  const [plan, setPlan] = useState<Tables<"plans"> | null>(null);
  const [choice, setChoice] = useState<string | null>(null);
  const [isHinted, setHinted] = useState(false);
  useEffect(() => {
    void client.plans().then((plans) =>
      setPlan(plans.find(({ id }) => id === planId) ?? null)
    );
  }, [client, planId]);
  if (plan === null || loading) return <Skeleton className="h-80 w-full" />;
  const price = formatMoney(plan.price, locale, plan.currency);
  const isTrial = plan.trial_days > 0;
  const choices = [
    ...methods.map((method) => ({
      id: method.id,
      label: methodName(method, locale),
    })),
    { id: "CARD", label: text.card },
    { id: "TRANSFER", label: text.account },
  ];
  const start = async () => {
    setHinted(choice === null);
    if (choice === null) return;
    const completion = choice === "CARD" || choice === "TRANSFER"
      ? await subscribe(planId, { method: choice })
      : await subscribe(planId, { billingMethodId: choice });
    if (completion) onDone?.(completion);
  };
  return (
    <div className="flex flex-col gap-6">
      <div>
        <p className="text-muted-foreground">{name ?? plan.name}</p>
        <p className="text-sm text-muted-foreground">{text.today}</p>
        <p className="text-4xl font-bold tracking-tight">
          {isTrial ? formatMoney(0, locale, plan.currency) : price}
        </p>
        <p className="mt-2 font-medium">
          {text.then}: {formatDate(nextPayment(plan), locale)}, {price}{" "}
          ({formatInterval(plan, locale)})
        </p>
        {isTrial && (
          <p className="mt-1 text-sm text-muted-foreground">
            {text.trial(plan.trial_days)}{" "}
            {plan.consent === "required" && text.consent}
          </p>
        )}
      </div>
      <fieldset className="flex flex-col gap-2">
        <legend className="mb-2 font-semibold">{text.method}</legend>
        {choices.map(({ id, label }) => (
          <label
            key={id}
            className="flex min-h-13 items-center gap-3 rounded-lg border bg-card px-4 py-2 has-checked:border-primary has-checked:bg-accent"
          >
            <input
              type="radio"
              name="payment-method"
              className="size-4 accent-primary"
              value={id}
              checked={choice === id}
              onChange={() => setChoice(id)}
            />
            {label}
          </label>
        ))}
        {isHinted && choice === null && (
          <p role="alert" className="text-sm text-destructive">
            {text.choose}
          </p>
        )}
      </fieldset>
      <Problem error={error} locale={locale} />
      <Button
        size="lg"
        disabled={pending}
        aria-busy={pending}
        onClick={() => void start()}
      >
        {isTrial ? text.startTrial : text.start}
      </Button>
    </div>
  );
}
