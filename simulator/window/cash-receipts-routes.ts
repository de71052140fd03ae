import { Hono } from "hono";
import { toReadableTime } from "../korean-time.ts";
import type { CashReceipt } from "../receipts/cash-receipt.ts";
import type { SimulatorState } from "../state.ts";
import { escapeHtml, htmlPage, won } from "./html.ts";
import { cell, TABLE_STYLE } from "./table.ts";

const ROWS_SHOWN = 100;

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
${cell("시각", toReadableTime(receipt.requestedAt), "time")}
${
    cell(
      "종류",
      `<span>${kind} · ${receipt.transactionType}<small>${origin}</small></span>`,
    )
  }
${
    cell(
      "주문",
      `<span>${escapeHtml(receipt.orderName)}<small><code>${
        escapeHtml(receipt.orderId)
      }</code></small></span>`,
    )
  }
${
    cell(
      "용도",
      `<span>${receipt.type}<small>${
        hidden(escapeHtml(receipt.customerIdentityNumber))
      }</small></span>`,
    )
  }
${cell("금액", won(receipt.amount), "amount")}
${
    cell(
      "상태",
      `<span><span class="status ${receipt.issueStatus}">${
        STATUS_NAMES[receipt.issueStatus]
      }</span><small>${receipt.issueStatus}</small></span>`,
      "status-cell",
    )
  }
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
<thead><tr><th>시각 · Time</th><th>종류 · Kind</th><th>주문 · Order</th><th>용도 · For</th><th class="amount">금액 · Amount</th><th>상태 · Status</th></tr></thead>
<tbody>
${shown.map(row).join("\n")}
</tbody>
</table>`;
    return c.html(
      htmlPage(
        "현금영수증 · Cash receipts",
        `<style>${TABLE_STYLE}</style>\n${content}`,
        "wide",
      ),
    );
  });
  return app;
}
