import {
  createOrder,
  type CreateOrderAnswer,
  type CreateOrderRequest,
} from "../_shared/database/checkout.ts";
import { AppError } from "../_shared/http/app-error.ts";
import type {
  Handler,
  RequestContext,
} from "../_shared/http/create-function.ts";
import { readJson } from "../_shared/http/read-body.ts";
import { requireKeys } from "../_shared/http/chosen-keys.ts";
import { appUrl, functionUrl } from "../_shared/http/urls.ts";
import {
  type CheckoutUi,
  keysOf,
  keysOfCheckout,
} from "../_shared/toss/key-pairs.ts";
import { checkoutError } from "./refusal.ts";
import { bounded, checkoutRequest, pricedCheckoutRequest } from "./request.ts";

/** The SDK's ANONYMOUS: the customerKey of a guest. */
const GUEST_CUSTOMER_KEY = "@@ANONYMOUS";

/** Toss's window lives 30 minutes and a confirm 10 more; the rest is time to reach the window. */
const ORDER_LIFETIME_SECONDS = 3600;

type Asked =
  & Omit<
    CreateOrderRequest,
    "requestId" | "logRequestId" | "mode" | "tossKeys" | "tossClientKey"
  >
  & { ui?: CheckoutUi | undefined };

/** What a buyer's page may ask for: items or a pass, at our prices. */
async function readBuyersRequest(
  request: Request,
  context: RequestContext,
): Promise<Asked> {
  const { caller } = context;
  const body = await readJson(
    request,
    bounded(checkoutRequest),
    context.bodyLimit,
  );
  if (body.items?.length === 0) {
    throw new AppError("cart_empty", "items must not be empty.");
  }
  if (body.planId !== undefined && caller.kind !== "user") {
    throw new AppError("unauthorized", "Sign in to buy a plan's pass.");
  }
  return {
    ...body,
    userId: caller.kind === "user" ? caller.userId : null,
    timeToLiveSeconds: ORDER_LIFETIME_SECONDS,
  };
}

/** What the shop's own server may ask for: anything, at its prices. */
async function readShopsRequest(
  request: Request,
  context: RequestContext,
): Promise<Asked> {
  const { expiresInMinutes, userId = null, ...body } = await readJson(
    request,
    bounded(pricedCheckoutRequest),
    context.bodyLimit,
  );
  return {
    ...body,
    userId,
    timeToLiveSeconds: expiresInMinutes === undefined
      ? ORDER_LIFETIME_SECONDS
      : expiresInMinutes * 60,
  };
}

/**
 * `POST checkout`: prices a cart on the server, reserves its stock and answers what the payment window needs. With the
 * secret key the shop's own server names the lines and their prices.
 *
 * Errors: `cart_empty`, `product_not_found`, `plan_not_found`, `insufficient_stock`, `unauthorized` (a pass needs
 * a signed-in buyer), `reference_conflict`, `invalid_request`, `not_configured` (no key pair serves the `ui`).
 */
export const checkout: Handler = async (request, context) => {
  const { services, caller, requestId } = context;
  const { ui, ...asked } = caller.kind === "secret"
    ? await readShopsRequest(request, context)
    : await readBuyersRequest(request, context);
  const { toss } = services.config;
  const { keys, clientKey } = requireKeys(
    keysOfCheckout(toss.pairs, ui ?? toss.checkoutUi ?? undefined),
  );
  const order = await createOrder(services.database, {
    ...asked,
    tossKeys: keys,
    tossClientKey: clientKey,
    requestId: crypto.randomUUID(),
    logRequestId: requestId,
    mode: toss.mode,
  });
  if (order.outcome !== "created" && order.outcome !== "known") {
    const field = "lines" in asked
      ? "lines"
      : "planId" in asked
      ? "planId"
      : "items";
    throw checkoutError(order, field);
  }
  const status = order.outcome === "created" ? 201 : 200;
  return Response.json(describe(order, context), { status });
};

type OpenedOrder = Extract<CreateOrderAnswer, { outcome: "created" | "known" }>;

function describe(
  order: OpenedOrder,
  { services: { config } }: RequestContext,
) {
  return {
    orderId: order.orderId,
    orderName: order.orderName,
    amount: order.amount,
    currency: order.currency,
    taxFreeAmount: order.taxFreeAmount,
    // A page that asks for prices only ever gets an order that waits for its payment.
    ...(order.status === "pending" ? {} : { status: order.status }),
    customerKey: order.customerKey ?? GUEST_CUSTOMER_KEY,
    // A reference that is known keeps the pair it was opened with.
    clientKey: requireKeys(keysOf(config.toss.pairs, order.tossKeys)).clientKey,
    successUrl: functionUrl(config, "confirm"),
    failUrl: appUrl(config, config.app.failPath, {}),
    expiresAt: order.expiresAt,
  };
}
