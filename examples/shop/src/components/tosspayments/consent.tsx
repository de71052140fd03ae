"use client";

import { useState } from "react";
import {
  asTossPaymentsError,
  type Tables,
  type TossPaymentsError,
} from "supabase-tosspayments-client";
import { useTossPayments } from "supabase-tosspayments-client/react";
import { Problem } from "@/components/tosspayments/problem";
import { Button } from "@/components/ui/button";
import {
  Card,
  CardContent,
  CardDescription,
  CardFooter,
  CardHeader,
  CardTitle,
} from "@/components/ui/card";
import { formatDate, formatMoney, type Locale } from "@/lib/tosspayments";

/** What a subscriber is asked: an own row of `subscription_consents`. */
export type ConsentRow = Tables<"subscription_consents">;

/** Whether the subscriber can still answer, or change the answer. */
export function isOpenConsent(consent: ConsentRow, now = Date.now()): boolean {
  return consent.closed_at === null && consent.voided_at === null &&
    Date.parse(consent.opens_at) <= now &&
    now < Date.parse(consent.effective_at);
}

/** Props of {@link Consent}. */
export interface ConsentProps {
  consent: ConsentRow;
  /** @default "ko" */
  locale?: Locale;
  /** The plan's name. */
  planName: string;
  /** The answer is recorded; the moment to read the row again. */
  onDecided?: (decision: "given" | "refused") => void;
}

const TEXT = {
  ko: {
    trial_conversion: "무료 체험이 끝난 뒤에도 이용할까요?",
    price_rise: "오르는 가격에 동의하시나요?",
    day: "결제일",
    before: "지금 가격",
    after: "바뀌는 가격",
    method: "결제수단",
    without: "동의하지 않으면 결제되지 않고, 그날 구독이 끝나요.",
    change: "그날까지 언제든 바꿀 수 있어요.",
    yes: "동의해요",
    no: "동의하지 않아요",
    given: "동의했어요.",
    refused: "동의하지 않았어요.",
  },
  en: {
    trial_conversion: "Go on after the free trial?",
    price_rise: "Do you agree to the higher price?",
    day: "Charged on",
    before: "Price now",
    after: "New price",
    method: "Payment method",
    without:
      "Without your consent nothing is charged, and the subscription ends that day.",
    change: "You can change your answer until then.",
    yes: "I agree",
    no: "I do not agree",
    given: "You agreed.",
    refused: "You did not agree.",
  },
};

/**
 * A request for consent (전자상거래법 13조 6항): the date, both prices, the payment method, what follows without it. Two
 * buttons alike, nothing chosen beforehand.
 */
export function Consent(
  { consent, locale = "ko", planName, onDecided }: ConsentProps,
) {
  const client = useTossPayments();
  const text = TEXT[locale];
  const [pending, setPending] = useState(false);
  const [error, setError] = useState<TossPaymentsError | null>(null);
  const { decision } = consent;
  const decide = async (action: "consent" | "decline_consent") => {
    setPending(true);
    setError(null);
    try {
      const { subscription_id: subscriptionId, id: consentId } = consent;
      await client.subscription({ subscriptionId, action, consentId });
      onDecided?.(action === "consent" ? "given" : "refused");
    } catch (problem) {
      setError(asTossPaymentsError(problem));
    } finally {
      setPending(false);
    }
  };
  const rows = [
    [text.day, formatDate(consent.effective_at, locale)],
    [text.before, formatMoney(consent.amount_before, locale)],
    [text.after, formatMoney(consent.amount_after, locale)],
    [text.method, consent.method_number ?? "–"],
  ];
  return (
    <Card data-consent={consent.id}>
      <CardHeader>
        <CardDescription>{planName}</CardDescription>
        <CardTitle>{text[consent.kind]}</CardTitle>
      </CardHeader>
      <CardContent className="flex flex-col gap-4">
        <dl className="flex flex-col gap-2 text-sm">
          {rows.map(([name, value]) => (
            <div key={name} className="flex justify-between gap-4">
              <dt className="text-muted-foreground">{name}</dt>
              <dd className="text-right font-semibold">{value}</dd>
            </div>
          ))}
        </dl>
        <p className="text-sm text-muted-foreground">
          {text.without} {text.change}
        </p>
        {(decision === "given" || decision === "refused") && (
          <p role="status" className="font-semibold">{text[decision]}</p>
        )}
        <Problem error={error} locale={locale} />
      </CardContent>
      <CardFooter>
        <div className="grid grid-cols-2 gap-2">
          <Button
            variant="outline"
            disabled={pending || decision === "given"}
            onClick={() => decide("consent")}
          >
            {text.yes}
          </Button>
          <Button
            variant="outline"
            disabled={pending || decision === "refused"}
            onClick={() => decide("decline_consent")}
          >
            {text.no}
          </Button>
        </div>
      </CardFooter>
    </Card>
  );
}
