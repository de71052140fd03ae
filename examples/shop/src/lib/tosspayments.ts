import type { TossPaymentsError } from "supabase-tosspayments-client";

/** The languages of the blocks. */
export type Locale = "ko" | "en";

/** An amount as a buyer reads it: `15,000원`, `₩15,000`. */
export function formatMoney(
  amount: number,
  locale: Locale,
  currency = "KRW",
): string {
  if (currency === "KRW") {
    const digits = amount.toLocaleString("ko-KR");
    return locale === "ko" ? `${digits}원` : `₩${digits}`;
  }
  return new Intl.NumberFormat(locale, { style: "currency", currency })
    .format(amount / 100);
}

/** A day in Seoul: `2026년 11월 27일`, `27 November 2026`. */
export function formatDate(iso: string, locale: Locale): string {
  return new Date(iso).toLocaleDateString(locale === "ko" ? "ko-KR" : "en-GB", {
    timeZone: "Asia/Seoul",
    dateStyle: "long",
  });
}

/** A moment in Seoul, to the minute. */
export function formatTime(iso: string, locale: Locale): string {
  return new Date(iso).toLocaleString(locale === "ko" ? "ko-KR" : "en-GB", {
    timeZone: "Asia/Seoul",
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
  });
}

const INTERVALS = {
  ko: { day: "일", week: "주", month: "개월", year: "년" },
  en: { day: "day", week: "week", month: "month", year: "year" },
};
const EVERY_KO: Record<string, string> = {
  day: "매일",
  week: "매주",
  month: "매월",
  year: "매년",
};

/** How often a plan is paid: `매월`, `3개월마다`, `every month`. */
export function formatInterval(
  { interval, interval_count: count }: {
    interval: "day" | "week" | "month" | "year";
    interval_count: number;
  },
  locale: Locale,
): string {
  const unit = INTERVALS[locale][interval];
  if (locale === "ko") {
    return count === 1 ? EVERY_KO[interval] ?? "" : `${count}${unit}마다`;
  }
  return count === 1 ? `every ${unit}` : `every ${count} ${unit}s`;
}

const METHODS_EN: Record<string, string> = {
  카드: "Card",
  가상계좌: "Virtual account",
  간편결제: "Easy pay",
  계좌이체: "Bank transfer",
  휴대폰: "Mobile phone",
  문화상품권: "Gift certificate",
  도서문화상품권: "Gift certificate",
  게임문화상품권: "Gift certificate",
};

/** A method as Toss's answers name it, in the buyer's language. */
export function formatMethod(method: string | null, locale: Locale): string {
  if (method === null) return "–";
  return locale === "en" ? METHODS_EN[method] ?? method : method;
}

const NEXT = {
  ko: {
    retry: "다시 시도해 주세요.",
    retry_later: "잠시 뒤에 다시 시도해 주세요.",
    use_another_method: "다른 결제수단으로 결제할 수 있어요.",
    fix_input: "입력한 내용을 확인해 주세요.",
    start_over: "처음부터 다시 주문해 주세요.",
    contact_issuer: "카드사에 확인하거나 다른 결제수단으로 결제해 주세요.",
    contact_support: "고객센터에 문의해 주세요.",
    none: "",
  },
  en: {
    retry: "Please try again.",
    retry_later: "Please try again in a moment.",
    use_another_method: "You can pay another way.",
    fix_input: "Please check what you entered.",
    start_over: "Please start your order again.",
    contact_issuer: "Ask your card company, or pay another way.",
    contact_support: "Please contact our support.",
    none: "",
  },
};

const FALLBACK = {
  ko: "처리하지 못했어요.",
  en: "That did not work.",
};

// Toss's SDK says these in Korean alone.
const WINDOW_EN: Record<string, string> = {
  NEED_CARD_PAYMENT_DETAIL: "Choose a card company.",
  NEED_AGREEMENT_WITH_REQUIRED_TERMS: "Agree to the required terms.",
  NOT_SELECTED_PAYMENT_METHOD: "Choose a payment method.",
  NEED_REFUND_ACCOUNT_DETAIL: "Enter the account for refunds.",
  SCRIPT_NOT_LOADED: "The payment page could not be loaded.",
  PAY_PROCESS_ABORTED: "The payment was not completed.",
  REJECT_CARD_COMPANY: "The card company refused the payment.",
};
const CLOSED = {
  ko: "결제를 그만뒀어요. 결제된 금액은 없어요.",
  en: "You left the payment. Nothing was charged.",
};

/** What a refusal says to the buyer: what happened, what to do, and the number for support. */
export function explain(
  error: TossPaymentsError,
  locale: Locale,
): { text: string; next: string; requestId: string | null } {
  const { code, action, tossCode, requestId } = error;
  if (code === "window_closed") {
    return { text: CLOSED[locale], next: "", requestId: null };
  }
  const ofWindow = locale === "en" && code === "window_failed"
    ? WINDOW_EN[tossCode ?? ""]
    : undefined;
  const text = ofWindow ?? (error.userMessage || FALLBACK[locale]);
  const isHint = /^(NEED|NOT_SELECTED)_/.test(tossCode ?? "");
  return {
    text,
    next: isHint ? "" : NEXT[locale][action],
    requestId: action === "contact_support" ? requestId : null,
  };
}
