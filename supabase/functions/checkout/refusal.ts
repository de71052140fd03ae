import type { CreateOrderAnswer } from "../_shared/database/checkout.ts";
import { AppError, invalidField } from "../_shared/http/app-error.ts";

/** What a buyer is told whose cart our own database refused. */
export function checkoutError(
  refusal: Exclude<CreateOrderAnswer, { outcome: "created" }>,
): AppError {
  switch (refusal.outcome) {
    case "product_not_found":
      return new AppError(
        "product_not_found",
        `There is no active product ${refusal.productId}.`,
        { details: { productId: refusal.productId } },
      );
    case "plan_not_found":
      return new AppError("plan_not_found", "There is no such active plan.");
    case "insufficient_stock":
      return new AppError(
        "insufficient_stock",
        `Only ${refusal.available} of product ${refusal.productId} are left.`,
        {
          details: {
            productId: refusal.productId,
            available: refusal.available,
          },
        },
      );
    case "quantity_too_large":
      return invalidField("items", "at most 9999 of one product");
    case "currency_not_supported":
      return new AppError(
        "invalid_request",
        `items: prices in ${refusal.currency}; this version sells in KRW only`,
        { details: [{ field: "items", problem: "not priced in KRW" }] },
      );
    case "amount_out_of_range":
      return new AppError(
        "invalid_request",
        `items: a total of ${refusal.amount} cannot be paid; Toss takes 100 won or more`,
        { details: [{ field: "items", problem: "total out of range" }] },
      );
  }
}
