import { Hono } from "hono";
import { toReadableTime } from "../korean-time.ts";
import type { CashReceipt } from "../receipts/cash-receipt.ts";
import type { SimulatorState } from "../state.ts";
import { escapeHtml, htmlPage, won } from "./html.ts";

const ROWS_SHOWN = 100;

const STYLE = `<style>
table { width: 100%; border-collapse: collapse; font-size: .8125rem; }
th, td { padding: .5rem; border-bottom: 1px solid #e5e8eb; text-align: left;
  vertical-align: top; overflow-wrap: anywhere; }
td small { display: block; color: #6b7684; }
tr:target { background: #fff3d6; }
</style>`;

const STATUS_NAMES = {
  IN_PROGRESS: "처리 중",
  COMPLETED: "완료",
  FAILED: "실패",
};

function hidden(number: string): string {
  return `${"*".repeat(Math.max(0, number.length - 4))}${number.slice(-4)}`;
}

function row(receipt: CashReceipt): string {
  const kind = receipt.transactionType === "CONFIRM" ? "발급" : "취소";
  const origin = receipt.payment === null
    ? "요청 · asked for"
    : "결제와 함께 · with the payment";
  return `<tr id="${escapeHtml(receipt.receiptKey)}">
<td>${toReadableTime(receipt.requestedAt)}</td>
<td>${kind} · ${receipt.transactionType}<small>${origin}</small></td>
<td>${escapeHtml(receipt.orderName)}<small><code>${
    escapeHtml(receipt.orderId)
  }</code></small></td>
<td>${receipt.type}<small>${
    hidden(escapeHtml(receipt.customerIdentityNumber))
  }</small></td>
<td>${won(receipt.amount)}</td>
<td>${
    STATUS_NAMES[receipt.issueStatus]
  }<small>${receipt.issueStatus}</small></td>
</tr>`;
}

/** The page with the cash receipts and their cancels, the youngest first; each receipt's `receiptUrl` leads to its row. */
export function cashReceiptsRoutes(state: SimulatorState): Hono {
  const app = new Hono();
  app.get("/cash-receipts", (c) => {
    const shown = state.cashReceipts.toReversed().slice(0, ROWS_SHOWN);
    const content = shown.length === 0
      ? "<p>아직 현금영수증이 없어요. · No cash receipts yet.</p>"
      : `<table>
<thead><tr><th>시각 · Time</th><th>종류 · Kind</th><th>주문 · Order</th><th>용도 · For</th><th>금액 · Amount</th><th>상태 · Status</th></tr></thead>
<tbody>
${shown.map(row).join("\n")}
</tbody>
</table>`;
    return c.html(
      htmlPage("현금영수증 · Cash receipts", `${STYLE}\n${content}`, "wide"),
    );
  });
  return app;
}
