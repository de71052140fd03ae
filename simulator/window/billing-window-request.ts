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

/** As the SDK says it, or as answers do. */
const methodSchema = z.enum(["CARD", "카드", "TRANSFER", "계좌이체"])
  .transform((method) =>
    method === "CARD" || method === "카드" ? "CARD" : "TRANSFER"
  );

const querySchema = z.object({
  ...targetShape,
  method: methodSchema,
  customerName: z.string().max(100).optional(),
  customerEmail: z.string().max(100).optional(),
});

/** What opened the window, which its form hands on. */
export type BillingWindowRequest = z.output<typeof querySchema>;

const { issuerCode, cardType, ownerType } = authorizationSchema.shape;

const formShape = {
  ...targetShape,
  action: z.enum(["register", "decline", "cancel"]),
  ...declineShape,
};

/** What the form of the window sends. */
export const billingFormSchema = z.discriminatedUnion("method", [
  z.object({
    ...formShape,
    method: z.literal("CARD"),
    lastDigits: z.string(),
    issuerCode,
    cardType,
    ownerType,
  }),
  z.object({
    ...formShape,
    method: z.literal("TRANSFER"),
    bank: z.string(),
    accountNumber: z.string(),
  }),
]);

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
