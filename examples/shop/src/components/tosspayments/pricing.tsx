"use client";

import { useEffect, useState } from "react";
import type { Tables } from "supabase-tosspayments-client";
import { useTossPayments } from "supabase-tosspayments-client/react";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import {
  Card,
  CardContent,
  CardDescription,
  CardFooter,
  CardHeader,
  CardTitle,
} from "@/components/ui/card";
import { Skeleton } from "@/components/ui/skeleton";
import { formatInterval, formatMoney, type Locale } from "@/lib/tosspayments";

/** A plan as it is for sale. */
export type Plan = Tables<"plans">;

/** Props of {@link Pricing}. */
export interface PricingProps {
  /** @default "ko" */
  locale?: Locale;
  /** The buyer has chosen a plan. */
  onChoose: (plan: Plan) => void;
  /** The name and a line about a plan in the shop's own words; without it the database's name. */
  describe?: (plan: Plan) => { name?: string; text?: string };
  /** Ids of the plans that the buyer has. */
  current?: readonly string[];
}

const TEXT = {
  ko: {
    choose: "선택하기",
    current: "이용 중",
    today: "오늘 결제",
    then: (days: number, price: string, every: string) =>
      `${days}일 무료 체험 뒤 ${every} ${price}`,
    every: (price: string, every: string) => `${every} ${price}`,
    vat: "부가세 포함",
    cancel: "언제든 한 번에 해지할 수 있어요",
  },
  en: {
    choose: "Choose",
    current: "Your plan",
    today: "Today",
    then: (days: number, price: string, every: string) =>
      `${days} days free, then ${price} ${every}`,
    every: (price: string, every: string) => `${price} ${every}`,
    vat: "VAT included",
    cancel: "Cancel any time, in one step",
  },
};

/** The plans that are for sale, side by side and alike: the total first, nothing chosen beforehand. */
export function Pricing(
  { locale = "ko", onChoose, describe, current = [] }: PricingProps,
) {
  const client = useTossPayments();
  const [plans, setPlans] = useState<Plan[] | null>(null);
  const text = TEXT[locale];
  useEffect(() => {
    void client.plans().then(setPlans, () => setPlans([]));
  }, [client]);
  return (
    <ul className="grid gap-4 md:grid-cols-3">
      {plans === null
        ? [1, 2, 3].map((n) => (
          <li key={n}>
            <Skeleton className="h-64 w-full" />
          </li>
        ))
        : plans.map((plan) => {
          const own = describe?.(plan) ?? {};
          const price = formatMoney(plan.price, locale, plan.currency);
          const every = formatInterval(plan, locale);
          return (
            <li key={plan.id} data-plan={plan.id}>
              <Card className="h-full">
                <CardHeader>
                  <CardTitle className="flex items-center justify-between">
                    {own.name ?? plan.name}
                    {current.includes(plan.id) && (
                      <Badge
                        variant="secondary"
                        className="bg-accent text-accent-foreground"
                      >
                        {text.current}
                      </Badge>
                    )}
                  </CardTitle>
                  {own.text && <CardDescription>{own.text}</CardDescription>}
                </CardHeader>
                <CardContent className="grow">
                  <p className="text-sm text-muted-foreground">{text.today}</p>
                  <p className="text-3xl font-bold tracking-tight">
                    {plan.trial_days > 0
                      ? formatMoney(0, locale, plan.currency)
                      : price}
                  </p>
                  <p className="mt-1 font-medium">
                    {plan.trial_days > 0
                      ? text.then(plan.trial_days, price, every)
                      : text.every(price, every)}
                  </p>
                  <p className="mt-3 text-sm text-muted-foreground">
                    {text.vat} · {text.cancel}
                  </p>
                </CardContent>
                <CardFooter>
                  <Button
                    className="w-full"
                    variant="outline"
                    disabled={current.includes(plan.id)}
                    onClick={() => onChoose(plan)}
                  >
                    {text.choose}
                  </Button>
                </CardFooter>
              </Card>
            </li>
          );
        })}
    </ul>
  );
}
