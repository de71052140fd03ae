import { createOrder } from "../_shared/database/orders.ts";
import { MAXIMUM_BODY_BYTES } from "../_shared/http/body-limits.ts";
import { AppError } from "../_shared/http/app-error.ts";
import type { Handler } from "../_shared/http/create-function.ts";
import { readJson } from "../_shared/http/read-body.ts";
import { appUrl, functionUrl } from "../_shared/http/urls.ts";
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
    MAXIMUM_BODY_BYTES.checkout,
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
    case "product_not_found":
      throw new AppError(
        "product_not_found",
        `There is no active product ${order.productId}.`,
        { details: { productId: order.productId } },
      );
    case "plan_not_found":
      throw new AppError("plan_not_found", "There is no such active plan.");
    case "insufficient_stock":
      throw new AppError(
        "insufficient_stock",
        `Only ${order.available} of product ${order.productId} are left.`,
        {
          details: { productId: order.productId, available: order.available },
        },
      );
    case "quantity_too_large":
      throw new AppError(
        "invalid_request",
        "items: at most 9999 of one product",
        {
          details: [{ field: "items", problem: "at most 9999 of one product" }],
        },
      );
    case "currency_not_supported":
      throw new AppError(
        "invalid_request",
        `items: prices in ${order.currency}; this version sells in KRW only`,
        { details: [{ field: "items", problem: "not priced in KRW" }] },
      );
    case "amount_out_of_range":
      throw new AppError(
        "invalid_request",
        `items: a total of ${order.amount} cannot be paid; Toss takes 100 won or more`,
        { details: [{ field: "items", problem: "total out of range" }] },
      );
  }
};
