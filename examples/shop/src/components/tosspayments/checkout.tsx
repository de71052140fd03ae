"use client";

import { useEffect, useId, useState } from "react";
import type {
  Cart,
  CheckoutAnswer,
  TossPaymentsError,
  WindowOptions,
} from "supabase-tosspayments-client";
import { useCheckout, useWidget } from "supabase-tosspayments-client/react";
import { Problem } from "@/components/tosspayments/problem";
import { Button } from "@/components/ui/button";
import { Skeleton } from "@/components/ui/skeleton";
import { formatMoney, type Locale } from "@/lib/tosspayments";

/** Props of {@link Checkout}. */
export interface CheckoutProps {
  /** What is bought. With `ui` the shop chooses widget or window; without it the server's keys decide. */
  cart: Cart;
  /** @default "ko" */
  locale?: Locale;
  /** An order of nothing, which is paid already. */
  onPaid?: (order: CheckoutAnswer) => void;
}

const TEXT = {
  ko: {
    pay: "결제하기",
    total: "결제할 금액",
    again: "다시 시도",
    loading: "결제수단을 불러오고 있어요",
    how: "결제 방법",
    CARD: "카드·간편결제",
    TRANSFER: "계좌이체",
    VIRTUAL_ACCOUNT: "가상계좌",
  },
  en: {
    pay: "Pay",
    total: "To pay",
    again: "Try again",
    loading: "Loading the payment methods",
    how: "Payment method",
    CARD: "Card, easy pay",
    TRANSFER: "Bank transfer",
    VIRTUAL_ACCOUNT: "Virtual account",
  },
};

const METHODS = ["CARD", "TRANSFER", "VIRTUAL_ACCOUNT"] as const;

interface PartProps {
  order: CheckoutAnswer;
  locale: Locale;
}

function PayButton(
  { order, locale, pending, onClick }: PartProps & {
    pending: boolean;
    onClick: () => void;
  },
) {
  const amount = formatMoney(order.amount, locale, order.currency);
  return (
    <Button
      size="lg"
      className="w-full"
      disabled={pending}
      aria-busy={pending}
      onClick={onClick}
    >
      {locale === "ko"
        ? `${amount} ${TEXT.ko.pay}`
        : `${TEXT.en.pay} ${amount}`}
    </Button>
  );
}

/** Toss's payment widget: its methods and its terms in the page. */
function WithWidget({ order, locale }: PartProps) {
  const id = useId().replaceAll(/[^A-Za-z0-9]/g, "");
  const { ready, pending, error, pay } = useWidget(order, {
    methods: `#methods-${id}`,
    agreement: `#agreement-${id}`,
  });
  return (
    <div className="flex flex-col gap-4">
      {!ready && error === null && (
        <div aria-label={TEXT[locale].loading} role="status">
          <Skeleton className="h-44 w-full" />
        </div>
      )}
      <div className={ready ? "rounded-xl border bg-card p-3" : undefined}>
        <div id={`methods-${id}`} data-testid="payment-methods" />
        <div id={`agreement-${id}`} data-testid="agreement" />
      </div>
      <Problem error={error} locale={locale} />
      <PayButton
        order={order}
        locale={locale}
        pending={!ready || pending}
        onClick={() => pay()}
      />
    </div>
  );
}

/** Toss's payment window, which opens on the method. */
function WithWindow(
  { order, locale, openWindow, pending, error }: PartProps & {
    openWindow: (options: WindowOptions) => Promise<void>;
    pending: boolean;
    error: TossPaymentsError | null;
  },
) {
  const [method, setMethod] = useState<typeof METHODS[number]>("CARD");
  return (
    <div className="flex flex-col gap-4">
      <fieldset className="flex flex-col gap-2">
        <legend className="mb-2 font-semibold">{TEXT[locale].how}</legend>
        {METHODS.map((name) => (
          <label
            key={name}
            className="flex h-13 items-center gap-3 rounded-lg border px-4 has-checked:border-primary has-checked:bg-accent"
          >
            <input
              type="radio"
              name="method"
              className="size-4 accent-primary"
              value={name}
              checked={method === name}
              onChange={() => setMethod(name)}
            />
            {TEXT[locale][name]}
          </label>
        ))}
      </fieldset>
      <Problem error={error} locale={locale} />
      <PayButton
        order={order}
        locale={locale}
        pending={pending}
        onClick={() => openWindow({ method })}
      />
    </div>
  );
}

/**
 * The order of a cart, and how it is paid: Toss's widget with a widget key pair, Toss's window with an API pair.
 * A reload, the back button and a double click get the same order.
 */
export function Checkout({ cart, locale = "ko", onPaid }: CheckoutProps) {
  const { order, placeOrder, openWindow, pending, error } = useCheckout();
  const wanted = JSON.stringify(cart);
  useEffect(() => {
    void placeOrder(JSON.parse(wanted)).then((placed) => {
      if (placed?.status === "paid") onPaid?.(placed);
    });
    // Once for a cart, whatever the page renders meanwhile.
  }, [wanted]);
  if (order === null) {
    return (
      <div className="flex flex-col gap-4">
        <Problem error={error} locale={locale}>
          <Button variant="outline" size="sm" onClick={() => placeOrder(cart)}>
            {TEXT[locale].again}
          </Button>
        </Problem>
        {error === null && <Skeleton className="h-72 w-full" />}
      </div>
    );
  }
  if (order.status !== undefined) return null;
  return /^(test|live)_gck_/.test(order.clientKey)
    ? <WithWidget key={order.orderId} order={order} locale={locale} />
    : (
      <WithWindow
        order={order}
        locale={locale}
        openWindow={openWindow}
        pending={pending}
        error={error}
      />
    );
}
