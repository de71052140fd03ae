import { type Context, Hono } from "hono";
import { z } from "zod";
import { ClockRefusedError } from "../clock.ts";
import { addBillingRoutes } from "./billing-routes.ts";
import { clockBody, type Controls } from "./controls.ts";
import type { ControlOutcome } from "./payment-outcome.ts";
import { alterSettlementSchema, unlistSchema } from "./ledger-controls.ts";
import { declineSchema, resendSchema, webhookUrlsSchema } from "./schemas.ts";
import { depositSchema, refundEndSchema } from "./virtual-account-controls.ts";

function problem(c: Context, status: 400 | 404 | 409, message: string) {
  return c.json({ error: { message } }, status);
}

function answerOutcome(c: Context, outcome: ControlOutcome): Response {
  switch (outcome.kind) {
    case "done":
      return c.json(outcome.payment);
    case "not_found":
      return problem(c, 404, "no such payment");
    case "wrong_state":
      return problem(c, 409, `the payment is ${outcome.status}`);
    case "no_virtual_account":
      return problem(c, 409, "the payment has no virtual account");
    case "no_refund":
      return problem(c, 409, "nothing was refunded");
  }
}

function addPaymentRoutes(app: Hono, controls: Controls): void {
  app.post("/payments", async (c) => {
    return c.json(controls.createPayment(await c.req.json()), 201);
  });
  app.post("/payments/:paymentKey/authenticate", (c) => {
    return answerOutcome(c, controls.authenticate(c.req.param("paymentKey")));
  });
  app.post("/payments/:paymentKey/decline", async (c) => {
    const { code } = declineSchema.parse(await c.req.json());
    return answerOutcome(c, controls.decline(c.req.param("paymentKey"), code));
  });
  app.post("/payments/:paymentKey/expire", (c) => {
    return answerOutcome(c, controls.expire(c.req.param("paymentKey")));
  });
  app.post("/card-declines", async (c) => {
    controls.declineCard(await c.req.json());
    return c.body(null, 204);
  });
  app.delete("/card-declines", (c) => {
    controls.clearCardDeclines();
    return c.body(null, 204);
  });
}

function addVirtualAccountRoutes(app: Hono, controls: Controls): void {
  app.post("/payments/:paymentKey/deposit", async (c) => {
    const text = await c.req.text();
    const input = depositSchema.parse(text === "" ? {} : JSON.parse(text));
    return answerOutcome(c, controls.deposit(c.req.param("paymentKey"), input));
  });
  app.post("/payments/:paymentKey/reverse-deposit", (c) => {
    return answerOutcome(c, controls.reverseDeposit(c.req.param("paymentKey")));
  });
  app.post("/payments/:paymentKey/register-delivery", (c) => {
    const paymentKey = c.req.param("paymentKey");
    return answerOutcome(c, controls.registerDelivery(paymentKey));
  });
  app.post("/payments/:paymentKey/end-refund", async (c) => {
    const { status } = refundEndSchema.parse(await c.req.json());
    const paymentKey = c.req.param("paymentKey");
    return answerOutcome(c, controls.endRefund(paymentKey, status));
  });
}

function addReceiptRoutes(app: Hono, controls: Controls): void {
  app.get("/cash-receipts", (c) => c.json(controls.cashReceipts()));
  app.post("/payments/:paymentKey/cash-receipt", async (c) => {
    const paymentKey = c.req.param("paymentKey");
    const terms = await c.req.json();
    return answerOutcome(c, controls.issueCashReceipt(paymentKey, terms));
  });
}

function addFaultRoutes(app: Hono, controls: Controls): void {
  app.get("/faults", (c) => c.json(controls.faults()));
  app.post("/faults", async (c) => {
    controls.addFault(await c.req.json());
    return c.json(controls.faults(), 201);
  });
  app.delete("/faults", (c) => {
    controls.clearFaults();
    return c.body(null, 204);
  });
}

function addWebhookRoutes(app: Hono, controls: Controls): void {
  app.get("/webhooks", (c) => c.json(controls.deliveries()));
  app.post("/webhooks/resend", async (c) => {
    const { transmissionId } = resendSchema.parse(await c.req.json());
    return controls.resend(transmissionId)
      ? c.body(null, 204)
      : problem(c, 404, "no such transmission id");
  });
  app.get("/webhooks/knobs", (c) => c.json(controls.webhookKnobs()));
  app.post("/webhooks/knobs", async (c) => {
    controls.addWebhookKnob(await c.req.json());
    return c.json(controls.webhookKnobs(), 201);
  });
  app.delete("/webhooks/knobs", (c) => {
    controls.clearWebhookKnobs();
    return c.body(null, 204);
  });
  app.put("/webhook-urls", async (c) => {
    const { webhookUrls } = webhookUrlsSchema.parse(await c.req.json());
    controls.setWebhookUrls(webhookUrls);
    return c.json({ webhookUrls });
  });
}

function addTransactionRoutes(app: Hono, controls: Controls): void {
  app.get("/transactions", (c) => c.json(controls.transactions()));
  app.post("/transactions/foreign", async (c) => {
    controls.addForeignTransactions(await c.req.json());
    return c.body(null, 204);
  });
  app.post("/settlements/alter", async (c) => {
    const { transactionKey, amount } = alterSettlementSchema
      .parse(await c.req.json());
    controls.alterSettlement(transactionKey, amount);
    return c.body(null, 204);
  });
  app.post("/transactions/unlist", async (c) => {
    const { transactionKeys } = unlistSchema.parse(await c.req.json());
    controls.unlist(transactionKeys);
    return c.body(null, 204);
  });
  app.post("/payments/:paymentKey/forget", (c) => {
    return controls.forgetPayment(c.req.param("paymentKey"))
      ? c.body(null, 204)
      : problem(c, 404, "no such payment");
  });
}

function addTimeAndLedgerRoutes(app: Hono, controls: Controls): void {
  app.get("/clock", (c) => c.json(clockBody(controls)));
  app.post("/clock", async (c) => {
    await controls.advanceClocks(await c.req.json());
    return c.json(clockBody(controls));
  });
  app.get("/books", (c) => c.json(controls.books()));
  app.get("/requests", (c) => c.json(controls.requests()));
  app.get("/settings", (c) => c.json(controls.settings()));
  app.patch("/settings", async (c) => {
    controls.changeSettings(await c.req.json());
    return c.json(controls.settings());
  });
  app.post("/reset", async (c) => {
    await controls.reset();
    return c.body(null, 204);
  });
}

/** The control API, to be mounted under `/__simulator`. */
export function controlRoutes(controls: Controls): Hono {
  const app = new Hono();
  addPaymentRoutes(app, controls);
  addVirtualAccountRoutes(app, controls);
  addBillingRoutes(app, controls);
  addReceiptRoutes(app, controls);
  addFaultRoutes(app, controls);
  addWebhookRoutes(app, controls);
  addTransactionRoutes(app, controls);
  addTimeAndLedgerRoutes(app, controls);
  app.notFound((c) => problem(c, 404, "no such control"));
  app.onError((error, c) => {
    if (error instanceof z.ZodError) {
      return problem(c, 400, z.prettifyError(error));
    }
    if (error instanceof SyntaxError || error instanceof RangeError) {
      return problem(c, 400, error.message);
    }
    if (error instanceof ClockRefusedError) {
      return problem(c, 409, error.message);
    }
    throw error;
  });
  return app;
}
