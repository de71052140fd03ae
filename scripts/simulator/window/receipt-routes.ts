import { Hono } from "hono";
import { bookOf } from "../books.ts";
import type { SimulatorState } from "../state.ts";
import { detailRows, htmlPage } from "./html.ts";

/** The page behind `receipt.url`: what was paid and what was given back. */
export function receiptRoutes(state: SimulatorState): Hono {
  const app = new Hono();
  app.get("/receipt/redirection", (c) => {
    const payment = state.payments.get(c.req.query("transactionId") ?? "");
    if (payment === undefined) return c.notFound();
    const book = bookOf(payment);
    const content = detailRows([
      ["상품 · Order", payment.orderName],
      ["결제 · Paid", `${book.takenAmount}원`],
      ["취소 · Canceled", `${book.canceledAmount}원`],
    ]);
    return c.html(htmlPage("영수증 · Receipt", content));
  });
  return app;
}
