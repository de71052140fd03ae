import { useEffect, useState } from "react";
import type { SubscriptionPreview } from "supabase-tosspayments-client";
import type { UseSubscription } from "supabase-tosspayments-client/react";
import { Button } from "@/components/ui/button";
import { formatDate, formatMoney, type Locale } from "@/lib/tosspayments";

const TEXT = {
  ko: {
    charge: (amount: string) => `지금 ${amount}이 결제돼요.`,
    refund: (amount: string) => `${amount}을 돌려드려요.`,
    noRefund: "돌려받는 금액은 없어요.",
    until: (day: string) => `${day}까지 이용할 수 있어요.`,
    ended: "바로 이용이 끝나요.",
    next: (day: string, amount: string) =>
      `다음 결제는 ${day}, ${amount}이에요.`,
    consent: "그 전에 동의를 여쭤봐요.",
    noNext: "더 결제되지 않아요.",
    cancel: "해지하면",
    change: "바꾸기",
    keep: "그대로 두기",
  },
  en: {
    charge: (amount: string) => `${amount} is charged now.`,
    refund: (amount: string) => `You get ${amount} back.`,
    noRefund: "Nothing is given back.",
    until: (day: string) => `You can use it until ${day}.`,
    ended: "Access ends at once.",
    next: (day: string, amount: string) =>
      `The next payment is ${amount} on ${day}.`,
    consent: "We ask for your consent before.",
    noNext: "Nothing more is charged.",
    cancel: "If you cancel:",
    change: "Change",
    keep: "Keep as it is",
  },
};

/** What a change would do, a sentence each: money now, money back, access, the next payment. */
function sentencesOf(
  { charge, refunds, nextCharge, accessEndsAt }: SubscriptionPreview,
  locale: Locale,
): string[] {
  const text = TEXT[locale];
  const sentences: string[] = [];
  if (charge !== null) {
    sentences.push(text.charge(formatMoney(charge.amount, locale)));
  }
  const back = refunds.reduce((sum, { amount }) => sum + amount, 0);
  if (back > 0) sentences.push(text.refund(formatMoney(back, locale)));
  if (nextCharge !== null) {
    sentences.push(text.next(
      formatDate(nextCharge.at, locale),
      formatMoney(nextCharge.amount, locale),
    ));
    if (nextCharge.needsConsent) sentences.push(text.consent);
    return sentences;
  }
  const isOver = accessEndsAt === null ||
    Date.parse(accessEndsAt) <= Date.now();
  sentences.push(
    isOver ? text.ended : text.until(formatDate(accessEndsAt, locale)),
    text.noNext,
  );
  if (back === 0) sentences.push(text.noRefund);
  return sentences;
}

/** Props of {@link CancelPreview}. */
interface PreviewProps {
  my: UseSubscription;
  locale: Locale;
}

/** What giving notice now would mean, beside its button. */
export function CancelPreview(
  { my: { preview, subscription }, locale }: PreviewProps,
) {
  const [shown, setShown] = useState<SubscriptionPreview | null>(null);
  const { plan_id, status, current_period_end } = subscription ?? {};
  useEffect(() => {
    void preview("cancel_at_period_end").then(setShown);
  }, [preview, plan_id, status, current_period_end]);
  if (shown === null) return null;
  return (
    <p className="text-sm text-muted-foreground" data-preview="cancel">
      {TEXT[locale].cancel} {sentencesOf(shown, locale).join(" ")}
    </p>
  );
}

/** Asks for another plan once it has shown what that costs and when. */
export function ChangePlan(
  { my, locale, planId, label }: PreviewProps & {
    planId: string;
    label: string;
  },
) {
  const text = TEXT[locale];
  const [shown, setShown] = useState<SubscriptionPreview | null>(null);
  const [isAsked, setIsAsked] = useState(false);
  const ask = async () => {
    setIsAsked(true);
    setShown(await my.preview("change_plan", { planId }));
  };
  const close = () => {
    setIsAsked(false);
    setShown(null);
  };
  if (!isAsked) {
    return (
      <Button variant="outline" disabled={my.pending} onClick={ask}>
        {label}
      </Button>
    );
  }
  return (
    <div
      role="group"
      aria-label={label}
      data-preview="change"
      className="flex flex-col gap-3 rounded-lg border p-4"
    >
      <p className="font-semibold">{label}</p>
      <p className="text-sm" role="status">
        {shown === null ? "" : sentencesOf(shown, locale).join(" ")}
      </p>
      <div className="grid grid-cols-2 gap-2">
        <Button
          variant="outline"
          disabled={my.pending}
          onClick={() => my.changePlan(planId).then(close)}
        >
          {text.change}
        </Button>
        <Button variant="outline" disabled={my.pending} onClick={close}>
          {text.keep}
        </Button>
      </div>
    </div>
  );
}
