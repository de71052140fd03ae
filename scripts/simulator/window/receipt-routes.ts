import { Hono } from "hono";
import { bookOf } from "../books.ts";
import type { SimulatorState } from "../state.ts";
import { escapeHtml, htmlPage } from "./html.ts";

/** The page behind `receipt.url`: what was paid and what was given back. */
export function receiptRoutes(state: SimulatorState): Hono {
  const app = new Hono();
  app.get("/receipt/redirection", (c) => {
    const payment = state.payments.get(c.req.query("transactionId") ?? "");
    if (payment === undefined) return c.notFound();
    const book = bookOf(payment);
    const content = `<dl>
<dt>상품 · Order</dt><dd>${escapeHtml(payment.orderName)}</dd>
<dt>결제 · Paid</dt><dd>${book.takenAmount}원</dd>
<dt>취소 · Canceled</dt><dd>${book.canceledAmount}원</dd>
</dl>`;
    return c.html(htmlPage("영수증 · Receipt (simulator)", content));
  });
  return app;
}
