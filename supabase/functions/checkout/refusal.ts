import type { CreateOrderAnswer } from "../_shared/database/checkout.ts";
import { AppError, invalidField } from "../_shared/http/app-error.ts";

/**
 * What a caller is told whose cart our own database refused.
 *
 * @param field what the request names its goods in
 */
export function checkoutError(
  refusal: Exclude<CreateOrderAnswer, { outcome: "created" | "known" }>,
  field: "items" | "lines" | "planId",
): AppError {
  switch (refusal.outcome) {
    case "product_not_found":
      return new AppError(
        "product_not_found",
        refusal.message ?? `There is no active product ${refusal.productId}.`,
        aboutProduct(refusal.productId),
      );
    case "cart_empty":
      return new AppError(
        "cart_empty",
        refusal.message ?? "items must not be empty.",
      );
    case "invalid_request":
      return new AppError(
        "invalid_request",
        refusal.message ?? "The catalogue refuses this cart.",
      );
    case "catalogue_failed":
      return new AppError(
        "internal_error",
        "The shop's own catalogue gave no usable answer; the log says what is wrong with it.",
        { cause: new Error(`catalogue: ${refusal.problem}`) },
      );
    case "reference_conflict":
      return new AppError(
        "reference_conflict",
        `Order ${refusal.orderId} has this reference already, with other lines, adjustments, userId, orderName or metadata.`,
        { details: { orderId: refusal.orderId } },
      );
    case "tax_free_out_of_range":
      return new AppError(
        "invalid_request",
        `The tax-free part is ${refusal.taxFreeAmount}: it must be between 0 and the total.`,
        {
          details: [{ field: "lines", problem: "tax-free part out of range" }],
        },
      );
    case "plan_not_found":
      return new AppError("plan_not_found", "There is no such active plan.");
    case "insufficient_stock":
      return new AppError(
        "insufficient_stock",
        refusal.message ??
          `Only ${refusal.available} of product ${refusal.productId} are left.`,
        {
          details: {
            productId: refusal.productId,
            available: refusal.available,
          },
        },
      );
    case "quantity_too_large":
      return invalidField(field, "at most 9999 of one product");
    case "currency_not_supported":
      return new AppError(
        "invalid_request",
        `${field}: prices in ${refusal.currency}; this version sells in KRW only`,
        { details: [{ field, problem: "not priced in KRW" }] },
      );
    case "amount_out_of_range":
      return new AppError(
        "invalid_request",
        `${field}: a total of ${refusal.amount} cannot be paid; Toss takes 100 won or more`,
        { details: [{ field, problem: "total out of range" }] },
      );
  }
}

function aboutProduct(productId: string | undefined) {
  return productId === undefined ? {} : { details: { productId } };
}
