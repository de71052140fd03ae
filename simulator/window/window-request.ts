import { z } from "zod";
import { refusalCodeOf } from "../api/refusal-code.ts";
import { newPaymentSchema } from "../payments/create-payment.ts";
import { PAYMENT_METHODS, type PaymentMethod } from "../payments/payment.ts";
import { findCardChoice, findEasyPay } from "./payment-choices.ts";

const METHOD_OF_SDK = new Map<string, PaymentMethod>([
  ["CARD", "카드"],
  ["VIRTUAL_ACCOUNT", "가상계좌"],
  ["TRANSFER", "계좌이체"],
  ["MOBILE_PHONE", "휴대폰"],
  ["CULTURE_GIFT_CERTIFICATE", "문화상품권"],
  ["BOOK_GIFT_CERTIFICATE", "도서문화상품권"],
  ["GAME_GIFT_CERTIFICATE", "게임문화상품권"],
  ...PAYMENT_METHODS.map((method) => [method, method] as const),
]);

/** A redirect target; only web addresses, so that no script URL gets in. */
export const redirectUrlSchema = z.url({ protocol: /^https?$/ });

/**
 * Where the result goes: both redirect URLs, or the origin of the page whose
 * frame shows the window, or nowhere.
 */
export const resultTargetSchema = z.object({
  successUrl: redirectUrlSchema.optional(),
  failUrl: redirectUrlSchema.optional(),
  origin: redirectUrlSchema.optional(),
});

/** `resultTargetSchema` after parsing. */
export type ResultTarget = z.output<typeof resultTargetSchema>;

const querySchema = resultTargetSchema.extend({
  clientKey: z.string(),
  method: z.string().default("CARD").transform((name, context) => {
    const method = METHOD_OF_SDK.get(name);
    if (method !== undefined) return method;
    context.addIssue({ code: "custom", message: "NOT_SUPPORTED_METHOD" });
    return z.NEVER;
  }),
  orderId: z.string(),
  orderName: z.string(),
  amount: z.coerce.number(),
  taxFreeAmount: z.coerce.number().default(0),
  customerKey: z.string().optional(),
  customerName: z.string().optional(),
  validHours: z.coerce.number().optional(),
  dueDate: z.string().optional(),
  useEscrow: z.stringbool().optional(),
  cardCompany: z.string().optional(),
  cardInstallmentPlan: z.coerce.number().optional(),
  easyPay: z.string().optional(),
  flowMode: z.enum(["DEFAULT", "DIRECT"]).default("DEFAULT"),
});

/** What a page has chosen of the method before the window opens. */
function chosenOf(
  { method, cardCompany, cardInstallmentPlan, easyPay, flowMode }: z.output<
    typeof querySchema
  >,
) {
  const isCard = method === "카드" || method === "간편결제";
  const service = isCard && easyPay ? findEasyPay(easyPay) : undefined;
  const company = isCard && cardCompany
    ? findCardChoice(cardCompany)
    : undefined;
  return {
    isDirect: flowMode === "DIRECT" &&
      (service !== undefined || company !== undefined),
    payment: {
      method: service === undefined ? method : "간편결제" as const,
      easyPayProvider: service?.provider,
      issuerCode: company?.code,
      installmentPlanMonths: service === undefined
        ? cardInstallmentPlan
        : undefined,
    },
  };
}

/** A request to open the window. */
export type WindowRequest =
  | {
    kind: "valid";
    clientKey: string;
    payment: z.output<typeof newPaymentSchema>;
    target: ResultTarget;
    isDirect: boolean;
  }
  | { kind: "invalid"; code: string };

/** Reads the query of `/payment-window`. */
export function parseWindowRequest(
  query: Record<string, string>,
): WindowRequest {
  const parsed = querySchema.safeParse(query);
  if (!parsed.success) {
    return { kind: "invalid", code: refusalCodeOf(parsed.error) };
  }
  const { clientKey, successUrl, failUrl, origin } = parsed.data;
  const { orderId, orderName, amount, taxFreeAmount, customerKey } =
    parsed.data;
  const { customerName, validHours, dueDate, useEscrow } = parsed.data;
  const chosen = chosenOf(parsed.data);
  const checked = newPaymentSchema.safeParse({
    orderId,
    orderName,
    amount,
    taxFreeAmount,
    customerKey,
    ...chosen.payment,
    virtualAccount: { customerName, validHours, dueDate, useEscrow },
  });
  if (!checked.success) {
    return { kind: "invalid", code: refusalCodeOf(checked.error) };
  }
  return {
    kind: "valid",
    clientKey,
    payment: checked.data,
    target: { successUrl, failUrl, origin },
    isDirect: chosen.isDirect,
  };
}
