import type {
  BillingIssueAnswer,
  ConfirmAnswer,
  ErrorAction,
} from "./generated/api.ts";
import { TossPaymentsError, type TossPaymentsErrorCode } from "./error.ts";
import { windowError } from "./sdk.ts";

/** A confirmed payment, or one that waits for its deposit. */
export type Payment = Exclude<ConfirmAnswer, { status: "processing" }>;

/** A registered card or account, and the subscription it was registered for. */
export type Registration = Exclude<
  BillingIssueAnswer,
  { status: "processing" }
>;

/** How what the buyer began at Toss has ended. */
export type Completion =
  | {
    kind: "payment";
    /** `processing`: Toss has not answered; the order follows by itself. */
    status: "confirmed" | "waiting_for_deposit" | "processing";
    orderId: string;
    /** Null while processing, and after `GET confirm`, whose redirect tells no more than the status. */
    payment: Payment | null;
  }
  | {
    kind: "registration";
    /** `issued`: without a plan. */
    status: "issued" | "trialing" | "active" | "processing";
    planId: string | null;
    billingMethodId: string | null;
    subscriptionId: string | null;
    registration: Registration | null;
  };

/** What the confirm of a payment means for the page. */
export function paymentCompletion(answer: ConfirmAnswer): Completion {
  const { status, orderId } = answer;
  const payment = answer.status === "processing" ? null : answer;
  return { kind: "payment", status, orderId, payment };
}

/** What the end of a registration means for the page. */
export function registrationCompletion(
  answer: BillingIssueAnswer,
  planId: string | null,
): Completion {
  const registration = "status" in answer ? null : answer;
  const { subscription } = registration ?? {};
  return {
    kind: "registration",
    status: registration
      ? (subscription?.status ?? "issued") as "issued"
      : "processing",
    planId: subscription?.planId ?? planId,
    billingMethodId: answer.billingMethodId ?? null,
    subscriptionId: subscription?.id ?? null,
    registration,
  };
}

/** What the redirect of `GET confirm` or `GET billing-issue` says; null when the query is of neither. */
export function redirectCompletion(query: URLSearchParams): Completion | null {
  const status = query.get("status");
  const orderId = query.get("orderId");
  if (status === null) return null;
  if (orderId !== null) {
    return {
      kind: "payment",
      status: status as "confirmed",
      orderId,
      payment: null,
    };
  }
  return {
    kind: "registration",
    status: status as "issued",
    planId: query.get("planId"),
    billingMethodId: query.get("billingMethodId"),
    subscriptionId: query.get("subscriptionId"),
    registration: null,
  };
}

/** What the query of the fail page says; null when it says nothing. */
export function redirectFailure(
  query: URLSearchParams,
): TossPaymentsError | null {
  const code = query.get("code");
  if (code === null) return null;
  const message = query.get("message") ?? "";
  const orderId = query.get("orderId") ?? undefined;
  // A code in capitals is Toss's own, from its window.
  if (code !== code.toLowerCase()) {
    return windowError(code, message, { orderId });
  }
  const action = (query.get("action") ?? "none") as ErrorAction;
  const details: Record<string, string | number> = {};
  for (const name of ["planId", "billingMethodId", "subscriptionId"]) {
    const value = query.get(name);
    if (value !== null) details[name] = value;
  }
  const amount = query.get("amount");
  if (amount !== null) details.amount = Number(amount);
  return new TossPaymentsError({
    code: code as TossPaymentsErrorCode,
    message,
    action,
    userMessage: message,
    retryable: action === "retry" || action === "retry_later",
    orderId,
    tossCode: query.get("tossCode") ?? undefined,
    details,
  });
}
