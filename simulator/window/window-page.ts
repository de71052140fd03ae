import { BANK_CHOICES } from "../payments/banks.ts";
import type { Payment } from "../payments/payment.ts";
import { declineFields, PAYMENT_DECLINES } from "./declines.ts";
import { detailRows, escapeHtml, htmlPage, won } from "./html.ts";
import type { ResultTarget } from "./window-request.ts";

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
  const details = detailRows([
    ["상품 · Order", payment.orderName],
    ["주문번호 · Order id", payment.orderId],
    ["결제수단 · Method", payment.method],
  ]);
  return htmlPage(
    "결제 · Payment",
    `<p class="amount">${won(payment.totalAmount)}</p>
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
${declineFields(PAYMENT_DECLINES)}
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
