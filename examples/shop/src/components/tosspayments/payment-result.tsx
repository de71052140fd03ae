"use client";

import { type ReactNode, useEffect } from "react";
import {
  type Completion,
  type TossPaymentsError,
} from "supabase-tosspayments-client";
import {
  useComplete,
  useTossPayments,
} from "supabase-tosspayments-client/react";
import { Problem } from "@/components/tosspayments/problem";
import { VirtualAccount } from "@/components/tosspayments/virtual-account";
import { Button, buttonVariants } from "@/components/ui/button";
import {
  formatDate,
  formatMethod,
  formatMoney,
  type Locale,
} from "@/lib/tosspayments";

/** Where the buttons of the result lead. */
export interface ResultLinks {
  /** The shop's first page. */
  shop: string;
  /** The page with {@link Checkout}: the same order is paid again there. */
  checkout: string;
  /** Where a plan is subscribed to. */
  plans: string;
  /** The buyer's own page. */
  myPage: string;
}

/** Props of {@link PaymentResult} and {@link PaymentFailure}. */
export interface PaymentResultProps {
  /** @default "ko" */
  locale?: Locale;
  /** Where the buttons lead; each may be an address of another page. */
  links: ResultLinks;
  /** Told once it is known how a payment or registration ended; the moment to empty the cart. */
  onDone?: (completion: Completion) => void;
}

const TEXT = {
  ko: {
    pending: "결제 결과를 확인하고 있어요",
    pendingText: "창을 닫지 말고 잠시만 기다려 주세요.",
    processing: "결제 결과를 확인하는 중이에요",
    processingText:
      "카드사의 답을 기다리고 있어요. 두 번 결제되지 않으니 안심하세요. 결과는 내 페이지에서도 볼 수 있어요.",
    confirmed: "결제가 완료됐어요",
    waiting: "주문이 접수됐어요",
    issued: "결제수단을 등록했어요",
    trialing: "무료 체험이 시작됐어요",
    active: "구독이 시작됐어요",
    failed: "결제하지 못했어요",
    failedCard: "등록하지 못했어요",
    nothing: "진행 중인 결제가 없어요",
    order: "주문번호",
    amount: "결제 금액",
    method: "결제수단",
    next: "다음 결제일",
    receipt: "영수증",
    my: "내 페이지",
    shop: "쇼핑 계속하기",
    again: "다시 시도",
    payAgain: "다른 결제수단으로 결제",
    checkAgain: "다시 확인",
    startOver: "처음부터 다시",
    plans: "요금제로 돌아가기",
  },
  en: {
    pending: "Checking your payment",
    pendingText: "Please keep this page open for a moment.",
    processing: "Your payment is being checked",
    processingText:
      "We are waiting for the card company. You will not be charged twice. Your page shows the result as well.",
    confirmed: "Your payment is complete",
    waiting: "We have your order",
    issued: "Your payment method is registered",
    trialing: "Your free trial has started",
    active: "Your subscription has started",
    failed: "The payment did not go through",
    failedCard: "The registration did not go through",
    nothing: "There is no payment under way",
    order: "Order",
    amount: "Amount",
    method: "Method",
    next: "Next payment",
    receipt: "Receipt",
    my: "My page",
    shop: "Continue shopping",
    again: "Try again",
    payAgain: "Pay another way",
    checkAgain: "Check again",
    startOver: "Start again",
    plans: "Back to the plans",
  },
};

type Text = typeof TEXT.ko;

function Frame(
  { title, mark, children }: {
    title: string;
    mark: "done" | "wait" | "no";
    children?: ReactNode;
  },
) {
  const marks = { done: "✓", wait: "…", no: "!" };
  const colours = {
    done: "bg-primary text-primary-foreground",
    wait: "bg-secondary",
    no: "bg-destructive/10 text-destructive",
  };
  return (
    <section className="flex flex-col gap-5" aria-live="polite">
      <div className="flex flex-col items-center gap-3 pt-4 text-center">
        <span
          aria-hidden
          className={`grid size-14 place-items-center rounded-full text-2xl font-bold ${
            colours[mark]
          }`}
        >
          {marks[mark]}
        </span>
        <h1 className="text-2xl font-bold tracking-tight">{title}</h1>
      </div>
      {children}
    </section>
  );
}

function Rows({ rows }: { rows: [name: string, value: ReactNode][] }) {
  return (
    <dl className="divide-y rounded-lg border bg-card px-4">
      {rows.map(([name, value]) => (
        <div key={name} className="flex justify-between gap-4 py-3">
          <dt className="shrink-0 text-muted-foreground">{name}</dt>
          <dd className="text-right font-semibold">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Links({ links, text }: { links: ResultLinks; text: Text }) {
  return (
    <div className="flex flex-col gap-2">
      <a className={buttonVariants({ size: "lg" })} href={links.myPage}>
        {text.my}
      </a>
      <a
        className={buttonVariants({ size: "lg", variant: "outline" })}
        href={links.shop}
      >
        {text.shop}
      </a>
    </div>
  );
}

function PaidRows(
  { completion, locale }: {
    completion: Extract<Completion, { kind: "payment" }>;
    locale: Locale;
  },
) {
  const text = TEXT[locale];
  const { orderId, payment } = completion;
  const rows: [string, ReactNode][] = [
    [text.order, <span className="text-sm" key="id">{orderId}</span>],
  ];
  if (payment !== null) {
    rows.unshift(
      [text.amount, formatMoney(payment.amount, locale)],
      [text.method, formatMethod(payment.method, locale)],
    );
    if (payment.receiptUrl !== null) {
      rows.push([
        text.receipt,
        <a
          key="receipt"
          className="underline underline-offset-4"
          href={payment.receiptUrl}
          target="_blank"
          rel="noreferrer"
        >
          {text.receipt}
        </a>,
      ]);
    }
  }
  return <Rows rows={rows} />;
}

/** What the buyer may do after a refusal, by its `action`. */
function Failed(
  { error, locale, links, onAgain }: {
    error: TossPaymentsError;
    locale: Locale;
    links: ResultLinks;
    onAgain?: () => void;
  },
) {
  const text = TEXT[locale];
  const isPlan = typeof error.details === "object" && error.details !== null &&
    "planId" in error.details;
  const isCard = isPlan || error.code === "billing_issue_failed";
  const { action } = error;
  const canRepeat = onAgain !== undefined &&
    (action === "retry" || action === "retry_later");
  return (
    <Frame title={isCard ? text.failedCard : text.failed} mark="no">
      <Problem error={error} locale={locale} />
      <div className="flex flex-col gap-2">
        {canRepeat && <Button size="lg" onClick={onAgain}>{text.again}</Button>}
        {isCard
          ? (
            <a className={buttonVariants({ size: "lg" })} href={links.plans}>
              {text.plans}
            </a>
          )
          : action === "start_over"
          ? (
            <a className={buttonVariants({ size: "lg" })} href={links.shop}>
              {text.startOver}
            </a>
          )
          : !canRepeat && action !== "contact_support" && (
            <a className={buttonVariants({ size: "lg" })} href={links.checkout}>
              {text.payAgain}
            </a>
          )}
        <a
          className={buttonVariants({ size: "lg", variant: "outline" })}
          href={links.shop}
        >
          {text.shop}
        </a>
      </div>
    </Frame>
  );
}

/**
 * The success page, whatever led there: it confirms the payment or registers the card, waits for the answer, and
 * shows how it ended. A reload shows the same.
 */
export function PaymentResult(
  { locale = "ko", links, onDone }: PaymentResultProps,
) {
  const text = TEXT[locale];
  const { completion, pending, error, again } = useComplete();
  useEffect(() => {
    if (completion !== null) onDone?.(completion);
    // Once for a result, whatever function the page gives.
  }, [completion]);
  if (pending) {
    return (
      <Frame title={text.pending} mark="wait">
        <p className="text-center text-muted-foreground">{text.pendingText}</p>
      </Frame>
    );
  }
  if (error !== null) {
    return (
      <Failed error={error} locale={locale} links={links} onAgain={again} />
    );
  }
  if (completion === null) {
    return (
      <Frame title={text.nothing} mark="wait">
        <Links links={links} text={text} />
      </Frame>
    );
  }
  if (completion.status === "processing") {
    return (
      <Frame title={text.processing} mark="wait">
        <p className="text-center text-muted-foreground">
          {text.processingText}
        </p>
        <Button size="lg" variant="outline" onClick={again}>
          {text.checkAgain}
        </Button>
        <Links links={links} text={text} />
      </Frame>
    );
  }
  if (completion.kind === "registration") {
    const next = completion.registration?.subscription?.nextChargeAt ?? null;
    return (
      <Frame title={text[completion.status]} mark="done">
        {next !== null && (
          <Rows rows={[[text.next, formatDate(next, locale)]]} />
        )}
        <Links links={links} text={text} />
      </Frame>
    );
  }
  if (completion.status === "waiting_for_deposit") {
    return (
      <Frame title={text.waiting} mark="wait">
        {completion.payment !== null && (
          <VirtualAccount payment={completion.payment} locale={locale} />
        )}
        <Links links={links} text={text} />
      </Frame>
    );
  }
  return (
    <Frame title={text.confirmed} mark="done">
      <PaidRows completion={completion} locale={locale} />
      <Links links={links} text={text} />
    </Frame>
  );
}

/** The fail page: why the payment or the registration ended, and the next step. */
export function PaymentFailure({ locale = "ko", links }: PaymentResultProps) {
  const client = useTossPayments();
  const error = client.failure();
  if (error === null) {
    const text = TEXT[locale];
    return (
      <Frame title={text.nothing} mark="wait">
        <Links links={links} text={text} />
      </Frame>
    );
  }
  return <Failed error={error} locale={locale} links={links} />;
}
