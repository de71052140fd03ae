import type { Hono } from "hono";
import type { BillingControls } from "./billing-controls.ts";

/** Adds the control routes of billing, under `/billing`. */
export function addBillingRoutes(app: Hono, controls: BillingControls): void {
  app.post("/billing/authorizations", async (c) => {
    return c.json(controls.authorizeCard(await c.req.json()), 201);
  });
  app.post("/billing/account-authorizations", async (c) => {
    return c.json(controls.authorizeAccount(await c.req.json()), 201);
  });
  app.get("/billing/keys", (c) => c.json(controls.billingKeys()));
  app.post("/billing/keys/remove", async (c) => {
    return c.json(controls.removeBillingKeys(await c.req.json()));
  });
  app.get("/billing/charges", (c) => {
    return c.json(controls.charges(c.req.query("orderId")));
  });
  app.post("/billing/declines", async (c) => {
    controls.declineCharges(await c.req.json());
    return c.body(null, 204);
  });
  app.delete("/billing/declines", (c) => {
    controls.clearChargeDeclines();
    return c.body(null, 204);
  });
}
