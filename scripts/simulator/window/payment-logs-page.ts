import type { Payment } from "../payments/payment.ts";
import { virtualAccountBody } from "../payments/virtual-account-body.ts";
import {
  type AccountPayment,
  hasAccount,
} from "../payments/virtual-account-life.ts";
import { detailRows, escapeHtml, htmlPage } from "./html.ts";

function button(value: string, label: string): string {
  return `<button name="action" value="${value}">${label}</button>`;
}

/** The buttons that make sense in the payment's present state. */
function buttonsOf({ status, virtualAccount }: AccountPayment): string[] {
  if (status === "WAITING_FOR_DEPOSIT") {
    const name = escapeHtml(virtualAccount.customerName);
    return [
      `<label>입금자명 · Depositor
<input name="depositorName" maxlength="100" value="${name}" required></label>`,
      button("deposit", "입금처리 · Deposit"),
      button("expire", "입금 기한 지남 · Pass the deadline"),
    ];
  }
  const reversal = button("reverse", "입금 오류 · Reverse the deposit");
  return [
    ...(status === "DONE" ? [reversal] : []),
    ...(virtualAccount.refundStatus === "PENDING"
      ? [
        button("complete_refund", "환불 완료 · Complete the refund"),
        button("fail_refund", "환불 실패 · Fail the refund"),
      ]
      : []),
  ];
}

function accountSection(payment: AccountPayment): string {
  const account = virtualAccountBody(payment.virtualAccount);
  const expired = account.expired ? " · expired" : "";
  const details = detailRows([
    ["계좌 · Account", `${account.bankCode} ${account.accountNumber}`],
    ["입금자 · Depositor", account.depositorName],
    ["입금 기한 · Due", account.dueDate + expired],
    ["환불 · Refund", account.refundStatus],
  ]);
  const action = `/my/payment-logs/${payment.paymentKey}`;
  return `${details}
<form method="post" action="${action}">
${buttonsOf(payment).join("\n")}
</form>`;
}

function paymentSection(payment: Payment): string {
  const amount = `${payment.totalAmount.toLocaleString("ko-KR")}원`;
  const details = detailRows([
    ["상품 · Order", payment.orderName],
    ["주문번호 · Order id", payment.orderId],
    ["결제수단 · Method", payment.method],
    ["금액 · Amount", amount],
    ["상태 · Status", payment.status],
  ]);
  const account = hasAccount(payment) ? accountSection(payment) : "";
  return `<section>\n${details}\n${account}\n</section>`;
}

/** Every payment, the youngest first; a virtual account has its buttons. */
export function paymentLogsPage(payments: Payment[]): string {
  const sections = payments.toReversed().map(paymentSection);
  const content = sections.length === 0
    ? "<p>결제가 없습니다. · No payments yet.</p>"
    : sections.join("\n");
  return htmlPage("테스트 결제내역 · Test payments", content);
}
