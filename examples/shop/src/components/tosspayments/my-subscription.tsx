"use client";

import { useEffect, useState } from "react";
import type { Subscription, Tables } from "supabase-tosspayments-client";
import {
  usePaymentMethods,
  useSubscription,
  useTossPayments,
} from "supabase-tosspayments-client/react";
import { Problem } from "@/components/tosspayments/problem";
import { methodName } from "@/components/tosspayments/subscribe";
import {
  CancelPreview,
  ChangePlan,
} from "@/components/tosspayments/subscription-preview";
import { Alert, AlertDescription, AlertTitle } from "@/components/ui/alert";
import { Badge } from "@/components/ui/badge";
import { Button, buttonVariants } from "@/components/ui/button";
import {
  Card,
  CardContent,
  CardFooter,
  CardHeader,
  CardTitle,
} from "@/components/ui/card";
import { Skeleton } from "@/components/ui/skeleton";
import {
  formatDate,
  formatInterval,
  formatMoney,
  type Locale,
} from "@/lib/tosspayments";

/** Props of {@link MySubscription} and {@link MyPaymentMethods}. */
export interface MySubscriptionProps {
  /** @default "ko" */
  locale?: Locale;
  /** Where plans are chosen. */
  plansHref: string;
  /** A plan's name in the shop's own words. */
  planName?: (planId: string) => string | undefined;
}

const TEXT = {
  ko: {
    none: "구독 중인 요금제가 없어요.",
    plans: "요금제 보기",
    status: {
      trialing: "무료 체험 중",
      active: "이용 중",
      past_due: "결제 필요",
      canceled: "종료됨",
    },
    next: "다음 결제",
    until: "이용 기한",
    method: "결제수단",
    change: "요금제 바꾸기",
    changeTo: (name: string, price: string) => `${name} · ${price}`,
    planned: (name: string, day: string) =>
      `${day}부터 ${name}(으)로 바뀌어요.`,
    cancel: "구독 해지",
    canceled: "해지했어요",
    canceledText: (day: string) =>
      `${day}까지 이용할 수 있고, 더 결제되지 않아요.`,
    resume: "해지 취소",
    dueTitle: "결제하지 못했어요",
    dueText: "다른 카드를 등록하거나 다시 결제해 주세요.",
    retry: "다시 결제하기",
    useCard: "이 결제수단으로 바꾸기",
    methods: "결제수단",
    noMethods: "등록한 결제수단이 없어요.",
    addCard: "카드 등록",
    addAccount: "계좌 등록",
    remove: "삭제",
    inUse: "구독 결제에 쓰는 중",
  },
  en: {
    none: "You have no subscription.",
    plans: "See the plans",
    status: {
      trialing: "Free trial",
      active: "Active",
      past_due: "Payment needed",
      canceled: "Ended",
    },
    next: "Next payment",
    until: "Until",
    method: "Payment method",
    change: "Change plan",
    changeTo: (name: string, price: string) => `${name} · ${price}`,
    planned: (name: string, day: string) => `Changes to ${name} on ${day}.`,
    cancel: "Cancel subscription",
    canceled: "Cancelled",
    canceledText: (day: string) =>
      `You can use it until ${day}. Nothing more is charged.`,
    resume: "Keep the subscription",
    dueTitle: "The payment did not go through",
    dueText: "Register another card, or pay again.",
    retry: "Pay again",
    useCard: "Pay with this one",
    methods: "Payment methods",
    noMethods: "Nothing is registered.",
    addCard: "Register a card",
    addAccount: "Register an account",
    remove: "Remove",
    inUse: "Pays your subscription",
  },
};

function Facts({ rows }: { rows: [string, string][] }) {
  return (
    <dl className="flex flex-col gap-2 text-sm">
      {rows.map(([name, value]) => (
        <div key={name} className="flex justify-between gap-4">
          <dt className="shrink-0 text-muted-foreground">{name}</dt>
          <dd className="text-right font-semibold">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function factsOf(
  subscription: Subscription,
  locale: Locale,
): [string, string][] {
  const text = TEXT[locale];
  const { next_charge_at: next, cancel_at_period_end: ends, method } =
    subscription;
  const rows: [string, string][] = [];
  if (ends) {
    rows.push([
      text.until,
      formatDate(subscription.current_period_end, locale),
    ]);
  } else if (next !== null) {
    const price = subscription.next_amount ?? subscription.amount;
    rows.push([
      text.next,
      `${formatDate(next, locale)} · ${formatMoney(price, locale)}`,
    ]);
  }
  if (method !== null) rows.push([text.method, methodName(method, locale)]);
  return rows;
}

/** The plans that a subscription may change to: of its group, or any where it has none. */
function useOtherPlans(subscription: Subscription | null): Tables<"plans">[] {
  const client = useTossPayments();
  const [plans, setPlans] = useState<Tables<"plans">[]>([]);
  useEffect(() => {
    void client.plans().then(setPlans, () => {});
  }, [client]);
  if (subscription === null) return [];
  const { plan_id, plan_group } = subscription;
  return plans.filter((plan) =>
    plan.id !== plan_id && (plan.plan_group ?? null) === (plan_group ?? null)
  );
}

/** The signed-in buyer's subscription: its next payment, another plan, and its end in one step. */
export function MySubscription(
  { locale = "ko", plansHref, planName }: MySubscriptionProps,
) {
  const text = TEXT[locale];
  const my = useSubscription();
  const { methods } = usePaymentMethods();
  const { subscription } = my;
  const others = useOtherPlans(subscription);
  if (my.loading) return <Skeleton className="h-48 w-full" />;
  if (subscription === null || subscription.status === "canceled") {
    return (
      <div className="flex flex-col items-start gap-3">
        <p className="text-muted-foreground">{text.none}</p>
        <a className={buttonVariants({ variant: "outline" })} href={plansHref}>
          {text.plans}
        </a>
      </div>
    );
  }
  const { status, plan, next_plan: nextPlan, plan_id } = subscription;
  const nameOf = (one: Tables<"plans">) => planName?.(one.id) ?? one.name;
  const isDue = status === "past_due";
  const otherMethods = methods.filter(({ id }) =>
    id !== subscription.billing_method_id
  );
  const end = formatDate(subscription.current_period_end, locale);
  return (
    <Card data-subscription={subscription.id} data-status={status}>
      <CardHeader>
        <CardTitle className="flex items-center justify-between gap-3">
          <span>{plan === null ? plan_id : nameOf(plan)}</span>
          <Badge
            variant={isDue ? "destructive" : "secondary"}
            className={isDue ? "" : "bg-accent text-accent-foreground"}
          >
            {text.status[status]}
          </Badge>
        </CardTitle>
      </CardHeader>
      <CardContent className="flex flex-col gap-4">
        <Facts rows={factsOf(subscription, locale)} />
        {nextPlan !== null && (
          <p className="text-sm">{text.planned(nameOf(nextPlan), end)}</p>
        )}
        {subscription.cancel_at_period_end && (
          <Alert role="status">
            <AlertTitle>{text.canceled}</AlertTitle>
            <AlertDescription>{text.canceledText(end)}</AlertDescription>
          </Alert>
        )}
        {isDue && (
          <Alert variant="destructive">
            <AlertTitle>{text.dueTitle}</AlertTitle>
            <AlertDescription>{text.dueText}</AlertDescription>
          </Alert>
        )}
        <Problem error={my.error} locale={locale} />
      </CardContent>
      <CardFooter>
        {isDue && (
          <Button
            disabled={my.pending}
            onClick={() => my.retryPayment()}
          >
            {text.retry}
          </Button>
        )}
        {isDue && otherMethods.map((method) => (
          <Button
            key={method.id}
            variant="outline"
            disabled={my.pending}
            onClick={() => my.changeMethod(method.id)}
          >
            {text.useCard}: {methodName(method, locale)}
          </Button>
        ))}
        {!isDue && others.length > 0 && (
          <details>
            <summary className="py-2 text-sm font-semibold">
              {text.change}
            </summary>
            <div className="flex flex-col gap-2 pt-2">
              {others.map((other) => (
                <ChangePlan
                  key={other.id}
                  my={my}
                  locale={locale}
                  planId={other.id}
                  label={text.changeTo(
                    nameOf(other),
                    `${formatInterval(other, locale)} ${
                      formatMoney(other.price, locale)
                    }`,
                  )}
                />
              ))}
            </div>
          </details>
        )}
        {!subscription.cancel_at_period_end && (
          <CancelPreview my={my} locale={locale} />
        )}
        {subscription.cancel_at_period_end
          ? (
            <Button
              variant="outline"
              disabled={my.pending}
              onClick={() => my.resume()}
            >
              {text.resume}
            </Button>
          )
          : (
            <Button
              variant="outline"
              disabled={my.pending}
              onClick={() => my.cancel()}
            >
              {text.cancel}
            </Button>
          )}
      </CardFooter>
    </Card>
  );
}

/** The signed-in buyer's cards and accounts. */
export function MyPaymentMethods(
  { locale = "ko" }: Pick<MySubscriptionProps, "locale">,
) {
  const text = TEXT[locale];
  const { methods, loading, pending, error, register, remove } =
    usePaymentMethods();
  const { subscriptions } = useSubscription();
  if (loading) return <Skeleton className="h-32 w-full" />;
  const inUse = new Set(
    subscriptions.filter(({ status }) => status !== "canceled")
      .map(({ billing_method_id }) => billing_method_id),
  );
  return (
    <div className="flex flex-col gap-3">
      {methods.length === 0 && (
        <p className="text-muted-foreground">{text.noMethods}</p>
      )}
      <ul className="flex flex-col gap-2">
        {methods.map((method) => (
          <li
            key={method.id}
            data-method={method.id}
            className="flex min-h-14 items-center justify-between gap-3 rounded-lg border bg-card px-4 py-2"
          >
            <span>
              <span className="block font-semibold">
                {methodName(method, locale)}
              </span>
              {inUse.has(method.id) && (
                <span className="text-sm text-muted-foreground">
                  {text.inUse}
                </span>
              )}
            </span>
            {!inUse.has(method.id) && (
              <Button
                size="sm"
                variant="ghost"
                disabled={pending}
                onClick={() => remove(method.id)}
              >
                {text.remove}
              </Button>
            )}
          </li>
        ))}
      </ul>
      <Problem error={error} locale={locale} />
      <div className="grid grid-cols-2 gap-2">
        <Button
          variant="outline"
          disabled={pending}
          onClick={() => register({ method: "CARD" })}
        >
          {text.addCard}
        </Button>
        <Button
          variant="outline"
          disabled={pending}
          onClick={() => register({ method: "TRANSFER" })}
        >
          {text.addAccount}
        </Button>
      </div>
    </div>
  );
}
