import { Hono } from "hono";
import { bookOf } from "../books.ts";
import type { SimulatorState } from "../state.ts";
import { detailRows, htmlPage, won } from "./html.ts";

/** The page behind `receipt.url`: what was paid and what was given back. */
export function receiptRoutes(state: SimulatorState): Hono {
  const app = new Hono();
  app.get("/receipt/redirection", (c) => {
    const payment = state.payments.get(c.req.query("transactionId") ?? "");
    if (payment === undefined) return c.notFound();
    const book = bookOf(payment);
    const content = detailRows([
      ["상품 · Order", payment.orderName],
      ["결제 · Paid", won(book.takenAmount)],
      ["취소 · Canceled", won(book.canceledAmount)],
    ]);
    return c.html(htmlPage("영수증 · Receipt", content));
  });
  return app;
}
