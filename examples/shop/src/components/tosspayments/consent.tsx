"use client";

import { useEffect, useState } from "react";
import {
  asTossPaymentsError,
  type Consent as ConsentRow,
  type SubscriptionConsentAnswer,
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
  onDecided?: (decision: Decision) => void;
}

const TEXT = {
  ko: {
    trial_conversion: "무료 체험이 끝난 뒤에도 이용할까요?",
    price_rise: "오르는 가격에 동의하시나요?",
    day: "결제일",
    before: "지금 가격",
    after: "바뀌는 가격",
    method: "결제수단",
    ends: "동의하지 않으면 결제되지 않고, 그날 구독이 끝나요.",
    keeps: "동의하지 않으면 지금 가격 그대로 결제돼요.",
    change:
      "그날까지 언제든 바꿀 수 있고, 구독은 이 페이지에서 언제든 바로 해지할 수 있어요.",
    yes: "동의해요",
    no: "동의하지 않아요",
    given: "동의했어요.",
    refused: "동의하지 않았어요.",
    over: "답할 수 있는 기간이 끝났거나 이미 답한 링크예요.",
    overText: "내 페이지에서 구독을 확인해 주세요.",
  },
  en: {
    trial_conversion: "Go on after the free trial?",
    price_rise: "Do you agree to the higher price?",
    day: "Charged on",
    before: "Price now",
    after: "New price",
    method: "Payment method",
    ends:
      "Without your consent nothing is charged, and the subscription ends that day.",
    keeps: "Without your consent the price stays as it is.",
    change:
      "You can change your answer until then, and cancel the subscription on this page at any time.",
    yes: "I agree",
    no: "I do not agree",
    given: "You agreed.",
    refused: "You did not agree.",
    over: "This link was used, or its time is over.",
    overText: "Your subscription is on your own page.",
  },
};

type Decision = "given" | "refused";

/** Two buttons alike, nothing chosen beforehand. */
function Buttons({ yes, no, pending, decision, onAnswer }: {
  yes: string;
  no: string;
  pending: boolean;
  decision: string | null;
  onAnswer: (action: "consent" | "decline_consent") => void;
}) {
  return (
    <div className="grid w-full grid-cols-2 gap-2">
      <Button
        variant="outline"
        disabled={pending || decision === "given"}
        onClick={() => onAnswer("consent")}
      >
        {yes}
      </Button>
      <Button
        variant="outline"
        disabled={pending || decision === "refused"}
        onClick={() => onAnswer("decline_consent")}
      >
        {no}
      </Button>
    </div>
  );
}

function Rows({ rows }: { rows: readonly (readonly [string, string])[] }) {
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

function useAnswer() {
  const [pending, setPending] = useState(false);
  const [error, setError] = useState<TossPaymentsError | null>(null);
  const run = async <Value,>(what: () => Promise<Value>) => {
    setPending(true);
    setError(null);
    try {
      return await what();
    } catch (problem) {
      setError(asTossPaymentsError(problem));
      return null;
    } finally {
      setPending(false);
    }
  };
  return { pending, error, run };
}

/**
 * A request for consent (전자상거래법 13조 6항): the date, both prices, the payment method, what follows without it.
 */
export function Consent(
  { consent, locale = "ko", planName, onDecided }: ConsentProps,
) {
  const client = useTossPayments();
  const text = TEXT[locale];
  const { pending, error, run } = useAnswer();
  const { decision, plan } = consent;
  const decide = async (action: "consent" | "decline_consent") => {
    const { subscription_id: subscriptionId, id: consentId } = consent;
    const answer = await run(() =>
      client.subscription({ subscriptionId, action, consentId })
    );
    if (answer !== null) {
      onDecided?.(action === "consent" ? "given" : "refused");
    }
  };
  const keeps = consent.kind === "price_rise" &&
    plan?.without_consent === "keep_price";
  const rows: [string, string][] = [
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
        <Rows rows={rows} />
        <p className="text-sm text-muted-foreground">
          {keeps ? text.keeps : text.ends} {text.change}
        </p>
        {(decision === "given" || decision === "refused") && (
          <p role="status" className="font-semibold">{text[decision]}</p>
        )}
        <Problem error={error} locale={locale} />
      </CardContent>
      <CardFooter>
        <Buttons
          yes={text.yes}
          no={text.no}
          pending={pending}
          decision={decision}
          onAnswer={decide}
        />
      </CardFooter>
    </Card>
  );
}

/** Props of {@link ConsentLink}. */
export interface ConsentLinkProps {
  /** What the link of the notice carries. */
  token: string;
  /** @default "ko" */
  locale?: Locale;
}

/** The page of a notice's link: the same request for who is not signed in, answered once. */
export function ConsentLink({ token, locale = "ko" }: ConsentLinkProps) {
  const client = useTossPayments();
  const text = TEXT[locale];
  const { pending, error, run } = useAnswer();
  const [shown, setShown] = useState<SubscriptionConsentAnswer | null>(null);
  const [isOver, setIsOver] = useState(false);
  useEffect(() => {
    void client.consentOfLink(token).then(setShown, (problem) => {
      const { code } = asTossPaymentsError(problem);
      setIsOver(code === "consent_not_open" || code === "invalid_request");
    });
  }, [client, token]);
  const answer = async (action: "consent" | "decline_consent") => {
    const decided = await run(() =>
      client.answerConsentLink({ token, action })
    );
    if (decided !== null) setShown(decided);
  };
  const isDecided = shown?.decision === "given" ||
    shown?.decision === "refused";
  if (isOver || (shown !== null && !shown.isOpen && !isDecided)) {
    return (
      <Card data-consent="over">
        <CardHeader>
          <CardTitle>{text.over}</CardTitle>
          <CardDescription>{text.overText}</CardDescription>
        </CardHeader>
      </Card>
    );
  }
  if (shown === null) return null;
  const { title, lead, rows, closing, give, refuse } = shown.text[locale];
  const { decision, isOpen } = shown;
  return (
    <Card data-consent={shown.consentId}>
      <CardHeader>
        <CardDescription>{shown.planName}</CardDescription>
        <CardTitle>{title}</CardTitle>
      </CardHeader>
      <CardContent className="flex flex-col gap-4">
        <p className="text-sm">{lead}</p>
        <Rows rows={rows.map(({ label, value }) => [label, value ?? "–"])} />
        {closing.map((line) => (
          <p key={line} className="text-sm text-muted-foreground">{line}</p>
        ))}
        {(decision === "given" || decision === "refused") && (
          <p role="status" className="font-semibold">{text[decision]}</p>
        )}
        <Problem error={error} locale={locale} />
      </CardContent>
      {isOpen && (
        <CardFooter>
          <Buttons
            yes={give}
            no={refuse}
            pending={pending}
            decision={null}
            onAnswer={answer}
          />
        </CardFooter>
      )}
    </Card>
  );
}
