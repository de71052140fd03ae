import { createOrder } from "../_shared/database/checkout.ts";
import { AppError } from "../_shared/http/app-error.ts";
import type { Handler } from "../_shared/http/create-function.ts";
import { readJson } from "../_shared/http/read-body.ts";
import { appUrl, functionUrl } from "../_shared/http/urls.ts";
import { checkoutError } from "./refusal.ts";
import { boundedCheckoutRequest } from "./request.ts";

/** The SDK's ANONYMOUS: the customerKey of a guest. */
const GUEST_CUSTOMER_KEY = "@@ANONYMOUS";

/** Toss's window lives 30 minutes and a confirm 10 more; the rest is time to reach the window. */
const ORDER_LIFETIME_SECONDS = 3600;

/**
 * `POST checkout`: prices a cart on the server, reserves its stock and answers what the payment window needs.
 *
 * Errors: `cart_empty`, `product_not_found`, `plan_not_found`, `insufficient_stock`, `unauthorized` (a pass needs
 * a signed-in buyer), `invalid_request`.
 */
export const checkout: Handler = async (request, context) => {
  const { services, caller, requestId } = context;
  const { config } = services;
  const body = await readJson(
    request,
    boundedCheckoutRequest,
    context.bodyLimit,
  );
  if (body.items?.length === 0) {
    throw new AppError("cart_empty", "items must not be empty.");
  }
  if (body.planId !== undefined && caller.kind !== "user") {
    throw new AppError("unauthorized", "Sign in to buy a plan's pass.");
  }
  const order = await createOrder(services.database, {
    ...body,
    requestId: crypto.randomUUID(),
    logRequestId: requestId,
    userId: caller.kind === "user" ? caller.userId : null,
    timeToLiveSeconds: ORDER_LIFETIME_SECONDS,
    mode: config.toss.mode,
  });
  switch (order.outcome) {
    case "created":
      return Response.json({
        orderId: order.orderId,
        orderName: order.orderName,
        amount: order.amount,
        currency: order.currency,
        customerKey: order.customerKey ?? GUEST_CUSTOMER_KEY,
        clientKey: config.toss.clientKey,
        successUrl: functionUrl(config, "confirm"),
        failUrl: appUrl(config, config.app.failPath, {}),
        expiresAt: order.expiresAt,
      }, { status: 201 });
    default:
      throw checkoutError(order);
  }
};
