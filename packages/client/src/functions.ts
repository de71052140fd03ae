import { type CallContext, callFunction, type CallOptions } from "./call.ts";
import type * as api from "./generated/api.ts";
import { newRequestId } from "./page.ts";

/** A request whose idempotency token the client makes, unless the page has kept one. */
type Tokened<Request> = Request extends { requestId: string }
  ? Omit<Request, "requestId"> & { requestId?: string | undefined }
  : Request;

type Subscribe = Extract<api.SubscriptionRequest, { action: "subscribe" }>;
type Change = Exclude<api.SubscriptionRequest, Subscribe>;
type Changed = Extract<api.SubscriptionAnswer, { id: string }>;
/** What a change would charge, give back and become. */
export type SubscriptionPreview = Extract<
  api.SubscriptionAnswer,
  { preview: true }
>;
type Processing = Extract<api.SubscriptionAnswer, { status: "processing" }>;

/**
 * One method for each function, with its request and its answer (docs/api.md). Each waits out 202; what is still
 * `processing` after `waitMs` is answered as that. Refusals throw.
 */
export interface Functions {
  /** Prices a cart and opens an order. Not repeated: it would make another one. */
  checkout(
    request: api.CheckoutRequest,
    options?: CallOptions,
  ): Promise<api.CheckoutAnswer>;
  confirm(
    request: api.ConfirmRequest,
    options?: CallOptions,
  ): Promise<api.ConfirmAnswer>;
  virtualAccount(
    request: api.VirtualAccountRequest,
    options?: CallOptions,
  ): Promise<api.VirtualAccountAnswer>;
  /** A buyer gives up an own order that is not paid; the shop's server refunds. */
  cancel(
    request: Tokened<api.CancelRequest>,
    options?: CallOptions,
  ): Promise<api.CancelAnswer>;
  cashReceipt(
    request: Tokened<api.CashReceiptRequest>,
    options?: CallOptions,
  ): Promise<api.CashReceiptAnswer>;
  /** The shop's server alone. */
  cashReceiptDelete(
    request: Tokened<api.CashReceiptDeleteRequest>,
    options?: CallOptions,
  ): Promise<api.CashReceiptDeleteAnswer>;
  withdrawal(
    request: Tokened<api.WithdrawalRequest>,
    options?: CallOptions,
  ): Promise<api.WithdrawalAnswer>;
  billingIssuePrepare(
    request?: api.BillingIssuePrepareRequest,
    options?: CallOptions,
  ): Promise<api.BillingIssuePrepareAnswer>;
  billingIssue(
    request: api.BillingIssueRequest,
    options?: CallOptions,
  ): Promise<api.BillingIssueAnswer>;
  /** Takes a card or account out of use. */
  billingIssueDelete(
    request: api.BillingIssueDeleteRequest,
    options?: CallOptions,
  ): Promise<api.BillingIssueDeleteAnswer>;
  /** Shows what the same request without `preview` would do; nothing is done. */
  subscription(
    request: (Change | Subscribe) & { preview: true },
    options?: CallOptions,
  ): Promise<SubscriptionPreview>;
  subscription(
    request: Subscribe,
    options?: CallOptions,
  ): Promise<api.BillingIssueAnswer>;
  subscription(
    request: Change,
    options?: CallOptions,
  ): Promise<Changed | Processing>;
  /** What the link of a notice asks; changes nothing, and needs nobody signed in. */
  consentOfLink(
    token: string,
    options?: CallOptions,
  ): Promise<api.SubscriptionConsentAnswer>;
  /** Answers it, once. */
  answerConsentLink(
    request: api.SubscriptionConsentRequest,
    options?: CallOptions,
  ): Promise<api.SubscriptionConsentAnswer>;
  /** The shop's server alone, as the following. */
  billingCharge(
    request: api.BillingChargeRequest,
    options?: CallOptions,
  ): Promise<api.BillingChargeAnswer>;
  webhookEndpoints(
    request: api.WebhookEndpointsRequest,
    options?: CallOptions,
  ): Promise<api.WebhookEndpointsAnswer>;
  worker(
    request: api.WorkerRequest,
    options?: CallOptions,
  ): Promise<api.WorkerAnswer>;
  health(options?: CallOptions): Promise<api.HealthAnswer>;
}

/** The functions of one installation. */
export function createFunctions(context: CallContext): Functions {
  const post =
    <Answer>(name: string, more: { repeatable?: boolean } = {}) =>
    (body: object = {}, options: CallOptions = {}): Promise<Answer> =>
      callFunction(context, { name, body, ...more, ...options });
  const remove =
    <Answer>(name: string) =>
    (body: object, options: CallOptions = {}): Promise<Answer> =>
      callFunction(context, { name, body, method: "DELETE", ...options });
  // One token for all tries: made before the first.
  const tokened =
    <Answer>(call: (body: object, options?: CallOptions) => Promise<Answer>) =>
    (request: object, options?: CallOptions) =>
      call({ requestId: newRequestId(), ...request }, options);
  const withdraw = post<api.WithdrawalAnswer>("withdrawal");
  return {
    checkout: post("checkout", { repeatable: false }),
    confirm: post("confirm"),
    virtualAccount: post("virtual-account"),
    cancel: tokened(post("cancel")),
    cashReceipt: tokened(post("cash-receipt")),
    cashReceiptDelete: tokened(remove("cash-receipt")),
    // The shop's decision has no token.
    withdrawal: (request, options) =>
      "action" in request
        ? withdraw(request, options)
        : tokened(withdraw)(request, options),
    billingIssuePrepare: post("billing-issue/prepare"),
    billingIssue: post("billing-issue"),
    billingIssueDelete: remove("billing-issue"),
    // The request says which of them it is.
    subscription: post<
      api.BillingIssueAnswer & (Changed | Processing) & SubscriptionPreview
    >("subscription"),
    consentOfLink: (token, options = {}) =>
      callFunction(context, {
        name: `subscription/consent?token=${encodeURIComponent(token)}`,
        method: "GET",
        ...options,
      }),
    answerConsentLink: post("subscription/consent"),
    billingCharge: post("billing-charge"),
    webhookEndpoints: post("webhook-endpoints", { repeatable: false }),
    worker: post("worker"),
    health: (options = {}) =>
      callFunction(context, { name: "health", method: "GET", ...options }),
  };
}
