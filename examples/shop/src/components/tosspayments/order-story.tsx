"use client";

import type { Order } from "supabase-tosspayments-client";
import { cardCompanyName } from "supabase-tosspayments-client/names";
import {
  formatMethod,
  formatMoney,
  formatTime,
  type Locale,
} from "@/lib/tosspayments";

/** Props of {@link OrderStory}. */
export interface OrderStoryProps {
  order: Order;
  /** @default "ko" */
  locale?: Locale;
}

const TEXT = {
  ko: {
    ordered: "주문했어요",
    account: "입금 계좌를 받았어요",
    paid: (method: string) => `결제했어요 · ${method}`,
    refused: "결제가 거절됐어요",
    refund: (amount: string) => `${amount} 환불됐어요`,
    receipt: "현금영수증이 발급됐어요",
    receiptCanceled: "현금영수증이 취소됐어요",
    withdrawal: "청약철회를 신청했어요",
    accepted: "청약철회가 받아들여졌어요",
    refusedWithdrawal: "청약철회가 거절됐어요",
    receiptLink: "영수증 보기",
    months: (n: number) => `${n}개월`,
  },
  en: {
    ordered: "You ordered",
    account: "You received an account to pay into",
    paid: (method: string) => `You paid · ${method}`,
    refused: "The payment was refused",
    refund: (amount: string) => `${amount} was refunded`,
    receipt: "A cash receipt was issued",
    receiptCanceled: "The cash receipt was cancelled",
    withdrawal: "You asked to withdraw",
    accepted: "Your withdrawal was accepted",
    refusedWithdrawal: "Your withdrawal was refused",
    receiptLink: "Receipt",
    months: (n: number) => `${n} months`,
  },
};

interface Line {
  at: string;
  text: string;
  note?: string | null;
  link?: string | null;
}

type OrderPayment = Order["payments"][number];

/** What a payment was made with: `신한카드 3개월`, `네이버페이`, `계좌이체`. */
export function paidWith(payment: OrderPayment, locale: Locale): string {
  const { method, card_issuer_code: issuer, easy_pay_provider: easyPay } =
    payment;
  if (easyPay !== null) return easyPay;
  if (issuer === null) return formatMethod(method, locale);
  const months = payment.installment_months ?? 0;
  const plan = months > 0 ? ` ${TEXT[locale].months(months)}` : "";
  return `${cardCompanyName(issuer, locale)}${plan}`;
}

function paymentLines(payment: OrderPayment, locale: Locale): Line[] {
  const text = TEXT[locale];
  const lines: Line[] = [];
  const { requested_at: asked, approved_at: approved } = payment;
  if (payment.method === "가상계좌" && asked !== null) {
    lines.push({ at: asked, text: text.account });
  }
  if (approved !== null) {
    lines.push({
      at: approved,
      text: text.paid(paidWith(payment, locale)),
      link: payment.receipt_url,
    });
  }
  if (payment.status === "ABORTED") {
    const at = asked ?? payment.created_at;
    lines.push({ at, text: text.refused, note: payment.failure_message });
  }
  for (const { canceled_at, amount, reason } of payment.cancels) {
    const refund = text.refund(formatMoney(amount, locale));
    if (approved !== null && canceled_at !== null) {
      lines.push({ at: canceled_at, text: refund, note: reason });
    }
  }
  return lines;
}

function storyOf(order: Order, locale: Locale): Line[] {
  const text = TEXT[locale];
  const lines: Line[] = [
    { at: order.created_at, text: text.ordered },
    ...order.payments.flatMap((payment) => paymentLines(payment, locale)),
    ...order.receipts.map((receipt) => ({
      at: receipt.requested_at ?? receipt.created_at,
      text: receipt.transaction_type === "CONFIRM"
        ? text.receipt
        : text.receiptCanceled,
      link: receipt.receipt_url,
    })),
  ];
  for (const withdrawal of order.withdrawals) {
    const { requested_at: at, reason, decided_at, decision_reason } =
      withdrawal;
    lines.push({ at, text: text.withdrawal, note: reason });
    if (decided_at === null) continue;
    lines.push({
      at: decided_at,
      text: withdrawal.status === "accepted"
        ? text.accepted
        : text.refusedWithdrawal,
      note: decision_reason,
    });
  }
  return lines.sort((left, right) =>
    Date.parse(left.at) - Date.parse(right.at)
  );
}

/** What happened to an order, in the buyer's words, with its receipts. */
export function OrderStory({ order, locale = "ko" }: OrderStoryProps) {
  return (
    <ol className="flex flex-col gap-3">
      {storyOf(order, locale).map(({ at, text, note, link }) => (
        <li
          key={`${at}${text}`}
          className="relative border-l-2 border-border pl-4"
        >
          <p className="font-medium">{text}</p>
          <p className="text-sm text-muted-foreground">
            <time dateTime={at}>{formatTime(at, locale)}</time>
            {note && ` · ${note}`}
          </p>
          {link && (
            <a
              className="inline-flex min-h-6 items-center text-sm underline underline-offset-4"
              href={link}
              target="_blank"
              rel="noreferrer"
            >
              {TEXT[locale].receiptLink}
            </a>
          )}
        </li>
      ))}
    </ol>
  );
}
