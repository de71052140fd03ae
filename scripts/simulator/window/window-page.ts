import { ERROR_CODES } from "../error-codes.ts";
import { BANK_CHOICES } from "../payments/banks.ts";
import type { Payment } from "../payments/payment.ts";
import { detailRows, escapeHtml, htmlPage } from "./html.ts";
import type { ResultTarget } from "./window-request.ts";

// The declines a buyer meets most, offered first.
const COMMON_DECLINES = [
  "REJECT_CARD_PAYMENT",
  "REJECT_CARD_COMPANY",
  "REJECT_ACCOUNT_PAYMENT",
  "INVALID_STOPPED_CARD",
  "INVALID_CARD_LOST_OR_STOLEN",
];

/** Every documented refusal, the common ones first. */
export const DECLINE_CODES = [
  ...COMMON_DECLINES,
  ...[...ERROR_CODES.values()]
    .filter(({ status, code }) =>
      status < 500 && !COMMON_DECLINES.includes(code)
    )
    .map(({ code }) => code),
];

/** A hidden field of a form; nothing when there is no value. */
export function hidden(name: string, value: string | undefined): string {
  if (value === undefined) return "";
  return `<input type="hidden" name="${name}" value="${escapeHtml(value)}">`;
}

/** What the buyer chooses for a virtual account; nothing for other methods. */
function accountFields({ method, accountTerms }: Payment): string {
  if (method !== "가상계좌") return "";
  const options = BANK_CHOICES.map(({ code, name }) => {
    const selected = code === accountTerms.bank ? " selected" : "";
    return `<option value="${code}"${selected}>${name}</option>`;
  });
  const customerName = escapeHtml(accountTerms.customerName);
  return `<label>은행 · Bank
<select name="bank">${options.join("")}</select></label>
<label>입금자명 · Depositor
<input name="customerName" maxlength="100" value="${customerName}" required></label>`;
}

/** The page on which a person pays, declines or cancels. */
export function windowPage(payment: Payment, target: ResultTarget): string {
  const options = DECLINE_CODES.map((code) => `<option>${code}</option>`);
  const amount = payment.totalAmount.toLocaleString("ko-KR");
  const details = detailRows([
    ["상품 · Order", payment.orderName],
    ["주문번호 · Order id", payment.orderId],
    ["결제수단 · Method", payment.method],
  ]);
  return htmlPage(
    "결제 · Payment",
    `<p class="amount">${amount}원</p>
${details}
<form method="post" action="/payment-window/${payment.paymentKey}">
${hidden("successUrl", target.successUrl)}
${hidden("failUrl", target.failUrl)}
${hidden("origin", target.origin)}
${accountFields(payment)}
<button name="action" value="pay">결제하기 · Pay</button>
<button name="action" value="cancel">결제 취소 · Cancel</button>
<fieldset>
<legend>실패 연습 · Rehearse a failure</legend>
<label>거절 코드 · Decline code
<select name="code">${options.join("")}</select></label>
<button name="action" value="decline_confirm">승인에서 거절 · Decline at confirm</button>
<button name="action" value="decline">결제창에서 거절 · Decline here</button>
</fieldset>
</form>`,
  );
}

/** A page that only says something. */
export function messagePage(message: string): string {
  return htmlPage(
    "결제 · Payment",
    `<p>${escapeHtml(message)}</p>`,
  );
}

/** A page that hands `result` to the page around its frame. */
export function framePage(result: unknown, origin: string): string {
  // "<" is escaped, because "</script>" in a value would end the element.
  const safe = (value: unknown) =>
    JSON.stringify(value).replaceAll("<", "\\u003c");
  return htmlPage(
    "결제 · Payment",
    `<script>parent.postMessage(${
      safe({ source: "toss-simulator", ...Object(result) })
    }, ${safe(new URL(origin).origin)});</script>`,
  );
}
