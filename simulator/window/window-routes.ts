import { type Context, Hono } from "hono";
import { z } from "zod";
import { describeError } from "../error-codes.ts";
import { bankSchema } from "../payments/banks.ts";
import {
  createPayment,
  receiptTermsSchema,
} from "../payments/create-payment.ts";
import type { Payment } from "../payments/payment.ts";
import { authenticatePayment } from "../payments/transitions.ts";
import {
  ACCOUNT_FIELDS,
  deadlineRefusal,
} from "../payments/virtual-account.ts";
import type { SimulatorState } from "../state.ts";
import { chosenDecline, declineShape } from "./declines.ts";
import {
  findCardChoice,
  findEasyPay,
  INSTALMENT_MONTHS,
  INSTALMENTS_FROM,
  type Locale,
} from "./payment-choices.ts";
import { localeOf } from "./window-document.ts";
import { messagePage, windowPage } from "./window-page.ts";
import { parseWindowRequest, resultTargetSchema } from "./window-request.ts";
import { answerResult } from "./window-result.ts";

const formSchema = resultTargetSchema.extend({
  action: z.enum(["pay", "decline", "decline_confirm", "cancel"]),
  ...declineShape,
  bank: bankSchema.optional(),
  customerName: ACCOUNT_FIELDS.customerName.optional(),
  payWith: z.string().optional(),
  installmentPlanMonths: z.coerce.number()
    .refine((months) => INSTALMENT_MONTHS.includes(months)).optional(),
  transferBankCode: bankSchema.optional(),
  receiptType: z.string().optional(),
  receiptNumber: z.string().optional(),
});

type WindowForm = z.output<typeof formSchema>;

/** The page that says why a window does not open. */
export function problemPage(code: string): Response {
  const { status, korean, english } = describeError(code);
  return new Response(messagePage(`${code}: ${korean} · ${english}`), {
    status,
    headers: { "content-type": "text/html; charset=utf-8" },
  });
}

/** The card or the easy pay service of the window's tiles. */
function chooseCard(payment: Payment, form: WindowForm): void {
  if (form.payWith === undefined) return;
  const service = findEasyPay(form.payWith);
  if (service !== undefined) {
    payment.method = "간편결제";
    payment.easyPayProvider = service.provider;
    return;
  }
  const code = findCardChoice(form.payWith)?.code ?? payment.card.issuerCode;
  payment.method = "카드";
  payment.card = { ...payment.card, issuerCode: code, acquirerCode: code };
  payment.installmentPlanMonths = payment.totalAmount < INSTALMENTS_FROM
    ? 0
    : form.installmentPlanMonths ?? 0;
}

/** Takes what the buyer has filled in; the code of the first thing that is wrong. */
function fillIn(payment: Payment, form: WindowForm): string | null {
  const { accountTerms } = payment;
  if (payment.method === "카드" || payment.method === "간편결제") {
    chooseCard(payment, form);
  }
  accountTerms.bank = form.bank ?? accountTerms.bank;
  accountTerms.customerName = form.customerName ?? accountTerms.customerName;
  payment.transferBankCode = form.transferBankCode ?? payment.transferBankCode;
  if (form.receiptType === undefined) return null;
  const terms = receiptTermsSchema.safeParse({
    type: form.receiptType,
    registrationNumber: form.receiptNumber,
  });
  if (!terms.success) return "INVALID_REGISTRATION_NUMBER_TYPE";
  payment.receiptTerms = terms.data;
  return null;
}

function play(
  state: SimulatorState,
  payment: Payment,
  form: WindowForm,
): Response {
  const { action, code: common, otherCode, successUrl, failUrl, origin } = form;
  const target = { successUrl, failUrl, origin };
  const code = chosenDecline(
    { code: common, otherCode },
    "REJECT_CARD_PAYMENT",
  );
  // The payment stays READY and expires, as when a real buyer leaves.
  if (action === "cancel") return answerResult({ kind: "canceled" }, target);
  if (action === "decline") {
    return answerResult({ kind: "declined", payment, code }, target);
  }
  if (action === "decline_confirm") payment.declineCode = code;
  const refusal = fillIn(payment, form);
  if (refusal !== null) return problemPage(refusal);
  authenticatePayment(state, payment);
  return answerResult({ kind: "paid", payment }, target);
}

/** The language that a request for a window asks for. */
export function localeOfRequest(c: Context): Locale {
  return localeOf(c.req.query("locale"), c.req.header("accept-language"));
}

/** The payment window: `/payment-window` and each payment's checkout link. */
export function windowRoutes(state: SimulatorState): Hono {
  const app = new Hono();
  app.get("/payment-window", (c) => {
    const request = parseWindowRequest(c.req.query());
    if (request.kind === "invalid") return problemPage(request.code);
    const keyPair = state.settings.secretKeys
      .find((pair) => pair.clientKey === request.clientKey);
    if (keyPair === undefined) return problemPage("UNAUTHORIZED_KEY");
    const { virtualAccount } = request.payment;
    const refusal = deadlineRefusal(virtualAccount, state.clock.now());
    if (refusal !== null) return problemPage(refusal);
    const payment = createPayment(state, keyPair, request.payment);
    const { target, isDirect } = request;
    const locale = localeOfRequest(c);
    return c.html(windowPage(payment, { locale, target, isDirect }));
  });
  app.get("/v1/payments/:paymentKey/checkout", (c) => {
    const payment = state.payments.get(c.req.param("paymentKey"));
    if (payment === undefined) return problemPage("NOT_FOUND_PAYMENT");
    return payment.status === "READY"
      ? c.html(windowPage(payment, {
        locale: localeOfRequest(c),
        target: {},
        isDirect: false,
      }))
      : problemPage("NOT_FOUND_PAYMENT_SESSION");
  });
  app.post("/payment-window/:paymentKey", async (c) => {
    const payment = state.payments.get(c.req.param("paymentKey"));
    if (payment === undefined) return problemPage("NOT_FOUND_PAYMENT");
    const form = formSchema.safeParse(await c.req.parseBody());
    if (!form.success) return problemPage("INVALID_REQUEST");
    return payment.status === "READY"
      ? play(state, payment, form.data)
      : problemPage("NOT_FOUND_PAYMENT_SESSION");
  });
  return app;
}
