import { Hono } from "hono";
import { z } from "zod";
import { describeError } from "../error-codes.ts";
import { bankSchema } from "../payments/banks.ts";
import { createPayment } from "../payments/create-payment.ts";
import type { Payment } from "../payments/payment.ts";
import { authenticatePayment } from "../payments/transitions.ts";
import {
  ACCOUNT_FIELDS,
  deadlineRefusal,
} from "../payments/virtual-account.ts";
import type { SimulatorState } from "../state.ts";
import { chosenDecline, declineShape } from "./declines.ts";
import { messagePage, windowPage } from "./window-page.ts";
import { parseWindowRequest, resultTargetSchema } from "./window-request.ts";
import { answerResult } from "./window-result.ts";

const formSchema = resultTargetSchema.extend({
  action: z.enum(["pay", "decline", "decline_confirm", "cancel"]),
  ...declineShape,
  bank: bankSchema.optional(),
  customerName: ACCOUNT_FIELDS.customerName.optional(),
});

/** The page that says why a window does not open. */
export function problemPage(code: string): Response {
  const { status, korean, english } = describeError(code);
  return new Response(messagePage(`${code}: ${korean} · ${english}`), {
    status,
    headers: { "content-type": "text/html; charset=utf-8" },
  });
}

function play(
  state: SimulatorState,
  payment: Payment,
  form: z.output<typeof formSchema>,
): Response {
  const { action, code: common, otherCode, bank, customerName, ...target } =
    form;
  const code = chosenDecline(
    { code: common, otherCode },
    "REJECT_CARD_PAYMENT",
  );
  const { accountTerms } = payment;
  // The payment stays READY and expires, as when a real buyer leaves.
  if (action === "cancel") return answerResult({ kind: "canceled" }, target);
  if (action === "decline") {
    return answerResult({ kind: "declined", payment, code }, target);
  }
  if (action === "decline_confirm") payment.declineCode = code;
  accountTerms.bank = bank ?? accountTerms.bank;
  accountTerms.customerName = customerName ?? accountTerms.customerName;
  authenticatePayment(state, payment);
  return answerResult({ kind: "paid", payment }, target);
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
    return c.html(windowPage(payment, request.target));
  });
  app.get("/v1/payments/:paymentKey/checkout", (c) => {
    const payment = state.payments.get(c.req.param("paymentKey"));
    if (payment === undefined) return problemPage("NOT_FOUND_PAYMENT");
    return payment.status === "READY"
      ? c.html(windowPage(payment, {}))
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
