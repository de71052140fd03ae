import { z } from "zod";
import {
  createPayment,
  type NewPayment,
  newPaymentSchema,
  orderIdSchema,
  receiptTermsSchema,
} from "../payments/create-payment.ts";
import { isWidgetPair, paymentsOfOrder } from "../merchant.ts";
import { paymentBody } from "../payments/payment-body.ts";
import type { PaymentStatus } from "../payments/payment.ts";
import {
  ACCOUNT_FIELDS,
  deadlineRefusal,
  escrowProductSchema,
  ONE_DEADLINE,
} from "../payments/virtual-account.ts";
import { issueAccount } from "../payments/virtual-account-life.ts";
import type { EndpointCall, EndpointOutcome } from "./endpoint.ts";
import { refusalCodeOf } from "./refusal-code.ts";

/** Toss error codes: accounts from 200 KRW. */
const MINIMUM_AMOUNT = 200;

const bodySchema = z.object({
  ...ACCOUNT_FIELDS,
  orderId: orderIdSchema,
  orderName: z.string().min(1).max(100),
  amount: z.int().positive("BELOW_ZERO_AMOUNT")
    .min(MINIMUM_AMOUNT, "BELOW_MINIMUM_AMOUNT"),
  taxFreeAmount: z.int().min(0).default(0),
  customerEmail: z.email().max(100).optional(),
  customerMobilePhone: z.string().regex(/^\d{8,15}$/).optional(),
  cashReceipt: receiptTermsSchema.optional(),
  escrowProducts: z.array(escrowProductSchema).optional(),
  accountKey: z.string().min(1).optional(),
}).refine(...ONE_DEADLINE)
  .refine(({ taxFreeAmount, amount }) => taxFreeAmount <= amount);

const USED: ReadonlySet<PaymentStatus> = new Set([
  "WAITING_FOR_DEPOSIT",
  "DONE",
  "CANCELED",
  "PARTIAL_CANCELED",
]);

function isUsed({ state, keyPair }: EndpointCall, orderId: string): boolean {
  const sameOrder = paymentsOfOrder(state, keyPair, orderId);
  return sameOrder.some(({ status }) => USED.has(status));
}

function newPaymentOf(body: z.output<typeof bodySchema>): NewPayment {
  const { orderId, orderName, amount, taxFreeAmount } = body;
  const method = "가상계좌";
  const order = { orderId, orderName, amount, taxFreeAmount, method };
  return {
    ...newPaymentSchema.parse(order),
    cashReceipt: body.cashReceipt ?? null,
    virtualAccount: {
      bank: body.bank,
      customerName: body.customerName,
      validHours: body.validHours,
      dueDate: body.dueDate,
      useEscrow: body.useEscrow,
      escrowProducts: body.escrowProducts,
      customerEmail: body.customerEmail,
      customerMobilePhone: body.customerMobilePhone,
      accountKey: body.accountKey,
    },
  };
}

function refuse(code: string): EndpointOutcome {
  return { kind: "refused", code };
}

/**
 * POST /v1/virtual-accounts: issues an account without the payment window.
 * Source: Toss core API reference, 가상계좌 발급 요청, and its error table.
 */
export function issueVirtualAccount(call: EndpointCall): EndpointOutcome {
  const { state, keyPair, request } = call;
  if (isWidgetPair(keyPair)) return refuse("FORBIDDEN_REQUEST");
  const body = bodySchema.safeParse(request.body);
  if (!body.success) return refuse(refusalCodeOf(body.error));
  const refusal = deadlineRefusal(body.data, state.clock.now());
  if (refusal !== null) return refuse(refusal);
  if (call.isLate !== true && isUsed(call, body.data.orderId)) {
    return refuse("DUPLICATED_ORDER_ID");
  }
  const payment = createPayment(state, keyPair, newPaymentOf(body.data));
  issueAccount(state, payment);
  return { kind: "value", value: paymentBody(payment, state) };
}
