import { BANK_CHOICES } from "../payments/banks.ts";
import type { Payment } from "../payments/payment.ts";
import { virtualAccountBody } from "../payments/virtual-account-body.ts";
import {
  type AccountPayment,
  hasAccount,
} from "../payments/virtual-account-life.ts";
import { escapeHtml } from "./html.ts";

const REFUND_NAMES: Record<string, string> = {
  NONE: "",
  PENDING: "환불 대기",
  PARTIAL_FAILED: "부분 환불 실패",
  FAILED: "환불 실패",
  COMPLETED: "환불 완료",
};

function bankName(code: string): string {
  return BANK_CHOICES.find((bank) => bank.code === code)?.name ?? code;
}

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

/**
 * What a test payment's row says and does about its virtual account; nothing for other payments.
 *
 * @param query the search that the page returns to after a button
 */
export function accountCell(payment: Payment, query: string): string {
  if (!hasAccount(payment)) return "";
  const account = virtualAccountBody(payment.virtualAccount);
  const due = account.dueDate?.slice(0, 16).replace("T", " ") ?? "없음";
  const lines = [
    `${bankName(account.bankCode)} ${account.accountNumber}`,
    `입금자 ${account.depositorName || account.customerName}`,
    `기한 ${due}${account.expired ? " (지남)" : ""}`,
    REFUND_NAMES[account.refundStatus] ?? account.refundStatus,
  ].filter((line) => line !== "");
  const text = lines.map((line) => `<small>${escapeHtml(line)}</small>`)
    .join("");
  const buttons = buttonsOf(payment);
  if (buttons.length === 0) return text;
  return `${text}
<form method="post" action="/my/payment-logs/${payment.paymentKey}">
<input type="hidden" name="q" value="${escapeHtml(query)}">
${buttons.join("\n")}
</form>`;
}
