import { toReadableTime } from "../korean-time.ts";
import type { Payment, PaymentStatus } from "../payments/payment.ts";
import { accountCell } from "./account-cell.ts";
import { escapeHtml, htmlPage, won } from "./html.ts";
import { cell, TABLE_STYLE } from "./table.ts";

/** So many rows are shown; older payments are found by the search. */
const ROWS_SHOWN = 100;

const STATUS_NAMES: Record<PaymentStatus, string> = {
  READY: "결제 전",
  IN_PROGRESS: "승인 전",
  WAITING_FOR_DEPOSIT: "입금 대기",
  DONE: "결제 완료",
  CANCELED: "취소",
  PARTIAL_CANCELED: "부분 취소",
  ABORTED: "승인 실패",
  EXPIRED: "만료",
};

const STYLE = `<style>${TABLE_STYLE}
form.search { display: flex; gap: .5rem; margin: 0 0 .75rem; }
form.search input { margin: 0; }
form.search button { width: auto; flex: none; margin: 0; }
p.count { margin: 0 0 .75rem; color: #6b7684; font-size: .875rem; }
td button, td input { min-height: 2.25rem; padding: .25rem .5rem; font-size: .8125rem; }
td form { min-width: 11rem; }
@media (max-width: 52rem) {
  td button, td input { min-height: 2.75rem; }
}
</style>`;

function timeCell(payment: Payment): string {
  const { requestedAt, approvedAt } = payment;
  const approved = approvedAt === null
    ? ""
    : `<small>승인 ${toReadableTime(approvedAt)}</small>`;
  return cell(
    "시각",
    `<span>${toReadableTime(requestedAt)}${approved}</span>`,
    "time",
  );
}

function amountCell({ totalAmount, balanceAmount, cancels }: Payment): string {
  const rest = cancels.length === 0
    ? ""
    : `<small>남은 금액 ${won(balanceAmount)}</small>`;
  return cell("금액", `<span>${won(totalAmount)}${rest}</span>`, "amount");
}

function statusCell({ status, failure }: Payment): string {
  const reason = failure === null
    ? ""
    : `<small>${escapeHtml(failure.code)}</small>`;
  return cell(
    "상태",
    `<span><span class="status ${status}">${STATUS_NAMES[status]}</span>
<small>${status}</small>${reason}</span>`,
    "status-cell",
  );
}

function row(payment: Payment, query: string): string {
  const { orderName, orderId, paymentKey, method } = payment;
  return `<tr>
${timeCell(payment)}
${
    cell(
      "주문",
      `<span>${escapeHtml(orderName)}<small><code>${
        escapeHtml(orderId)
      }</code></small></span>`,
    )
  }
${cell("결제 키", `<code>${escapeHtml(paymentKey)}</code>`)}
${cell("결제수단", `<span>${method}</span>`)}
${amountCell(payment)}
${statusCell(payment)}
${cell("가상계좌", accountCell(payment, query), "action")}
</tr>`;
}

/** Whether a payment has `query` in what the page shows of it. */
function matches(payment: Payment, query: string): boolean {
  const { status, orderName, orderId, paymentKey, method } = payment;
  const account = payment.virtualAccount?.accountNumber ?? "";
  const times = [payment.requestedAt, payment.approvedAt]
    .map((time) => time === null ? "" : toReadableTime(time));
  return [
    orderId,
    paymentKey,
    orderName,
    method,
    status,
    STATUS_NAMES[status],
    account,
    payment.failure?.code ?? "",
    ...times,
  ].some((text) => text.toLowerCase().includes(query.toLowerCase()));
}

function listOf(payments: Payment[], query: string): string {
  const found = payments.filter((payment) => matches(payment, query));
  const shown = found.toReversed().slice(0, ROWS_SHOWN);
  const total = payments.length.toLocaleString("ko-KR");
  const count = found.length.toLocaleString("ko-KR");
  const newest = found.length > shown.length
    ? `, 최근 ${shown.length}건만 표시 · newest ${shown.length}`
    : "";
  if (shown.length === 0) {
    return `<p>찾는 결제가 없어요. · No payment matches.</p>`;
  }
  return `<p class="count">전체 ${total}건 중 ${count}건${newest} · ${count} of ${total}</p>
<table>
<thead><tr><th>시각 · Time</th><th>주문 · Order</th><th>결제 키 · Key</th><th>결제수단 · Method</th><th class="amount">금액 · Amount</th><th>상태 · Status</th><th>가상계좌 · Account</th></tr></thead>
<tbody>
${shown.map((payment) => row(payment, query)).join("\n")}
</tbody>
</table>`;
}

/**
 * The payments as a table, the youngest first; a virtual account has its buttons.
 *
 * @param query what the shown payments have in one of their texts; empty for all
 */
export function paymentLogsPage(payments: Payment[], query: string): string {
  const content = payments.length === 0
    ? "<p>아직 결제가 없어요. · No payments yet.</p>"
    : `<form class="search" role="search">
<input type="search" name="q" value="${
      escapeHtml(query)
    }" aria-label="검색" placeholder="주문번호, 결제 키, 상품, 상태, 날짜 · Search">
<button>검색</button>
</form>
${listOf(payments, query)}`;
  return htmlPage(
    "테스트 결제내역 · Test payments",
    `${STYLE}\n${content}`,
    "wide",
  );
}
