"use client";

import type { ReactNode } from "react";
import type { TossPaymentsError } from "supabase-tosspayments-client";
import { Alert, AlertDescription, AlertTitle } from "@/components/ui/alert";
import { explain, type Locale } from "@/lib/tosspayments";

/** Props of {@link Problem}. */
export interface ProblemProps {
  /** What was refused; null shows nothing. */
  error: TossPaymentsError | null;
  locale: Locale;
  /** Buttons for what the buyer does next. */
  children?: ReactNode;
}

/** Why something was refused, and what the buyer does next. */
export function Problem({ error, locale, children }: ProblemProps) {
  if (error === null) return null;
  const { text, next, requestId } = explain(error, locale);
  return (
    <Alert
      variant={error.code === "window_closed" ? "default" : "destructive"}
      data-code={error.tossCode ?? error.code}
    >
      <AlertTitle>{text}</AlertTitle>
      {next && <AlertDescription>{next}</AlertDescription>}
      {requestId && (
        <AlertDescription className="text-xs">
          {locale === "ko" ? "문의 번호" : "Reference"} {requestId}
        </AlertDescription>
      )}
      {children && <div className="mt-2 flex flex-wrap gap-2">{children}</div>}
    </Alert>
  );
}
