import { Hono } from "hono";
import { z } from "zod";
import type { Controls } from "../control/controls.ts";
import type { ControlOutcome } from "../control/payment-outcome.ts";
import { depositSchema } from "../control/virtual-account-controls.ts";
import type { SimulatorState } from "../state.ts";
import { paymentLogsPage } from "./payment-logs-page.ts";
import { messagePage } from "./window-page.ts";

const formSchema = z.object({
  action: z.enum([
    "deposit",
    "reverse",
    "expire",
    "complete_refund",
    "fail_refund",
  ]),
  depositorName: depositSchema.shape.depositorName,
  q: z.string().max(100).default(""),
});

function play(
  controls: Controls,
  paymentKey: string,
  { action, depositorName }: z.output<typeof formSchema>,
): ControlOutcome {
  switch (action) {
    case "deposit":
      return controls.deposit(paymentKey, { depositorName });
    case "reverse":
      return controls.reverseDeposit(paymentKey);
    case "expire":
      return controls.expire(paymentKey);
    case "complete_refund":
      return controls.endRefund(paymentKey, "COMPLETED");
    case "fail_refund":
      return controls.endRefund(paymentKey, "FAILED");
  }
}

function pageOf(query: string): string {
  return query === ""
    ? "/my/payment-logs"
    : `/my/payment-logs?${new URLSearchParams({ q: query })}`;
}

/**
 * The page with the test payments and the buttons of virtual accounts, at the
 * path it has in Toss's dev centre (테스트 결제내역).
 */
export function paymentLogsRoutes(
  state: SimulatorState,
  controls: Controls,
): Hono {
  const app = new Hono();
  app.get("/my/payment-logs", (c) => {
    const query = (c.req.query("q") ?? "").trim().slice(0, 100);
    return c.html(paymentLogsPage([...state.payments.values()], query));
  });
  app.post("/my/payment-logs/:paymentKey", async (c) => {
    const form = formSchema.safeParse(await c.req.parseBody());
    if (!form.success) return c.html(messagePage("INVALID_REQUEST"), 400);
    const outcome = play(controls, c.req.param("paymentKey"), form.data);
    return outcome.kind === "done"
      ? c.redirect(pageOf(form.data.q), 303)
      : c.html(messagePage(outcome.kind), 409);
  });
  return app;
}
