import { z } from "zod";
import {
  authorizationSchema,
  customerKeySchema,
} from "../billing/authorize-card.ts";
import { declineShape } from "./declines.ts";
import { redirectUrlSchema } from "./window-request.ts";

const targetShape = {
  clientKey: z.string(),
  customerKey: customerKeySchema,
  successUrl: redirectUrlSchema,
  failUrl: redirectUrlSchema,
};

const querySchema = z.object({
  ...targetShape,
  method: z.enum(["CARD", "카드"]),
  customerName: z.string().max(100).optional(),
  customerEmail: z.string().max(100).optional(),
});

/** What opened the window, which its form hands on. */
export type BillingWindowRequest = z.output<typeof querySchema>;

const { issuerCode, cardType, ownerType } = authorizationSchema.shape;

/** What the form of the window sends. */
export const billingFormSchema = z.object({
  ...targetShape,
  action: z.enum(["register", "decline", "cancel"]),
  ...declineShape,
  lastDigits: z.string(),
  issuerCode,
  cardType,
  ownerType,
});

/** `billingFormSchema` after parsing. */
export type BillingForm = z.output<typeof billingFormSchema>;

/** Reads the query of `/billing-window`; a code says what is wrong with it. */
export function parseBillingWindowRequest(
  query: Record<string, string>,
):
  | { kind: "valid"; request: BillingWindowRequest }
  | { kind: "invalid"; code: string } {
  const parsed = querySchema.safeParse(query);
  if (parsed.success) return { kind: "valid", request: parsed.data };
  const unsupported = parsed.error.issues
    .some(({ path }) => path[0] === "method");
  const code = unsupported ? "NOT_SUPPORTED_METHOD" : "INVALID_REQUEST";
  return { kind: "invalid", code };
}
