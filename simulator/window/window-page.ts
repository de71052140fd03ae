import { BANK_CHOICES } from "../payments/banks.ts";
import { CARD_COMPANIES } from "../payments/card.ts";
import type { Payment } from "../payments/payment.ts";
import { cardTiles, easyPayTiles, instalmentField } from "./card-fields.ts";
import { declineFields, PAYMENT_DECLINES } from "./declines.ts";
import { detailRows, escapeHtml } from "./html.ts";
import {
  findCardChoice,
  findEasyPay,
  instalmentWords,
  type Locale,
  METHOD_CHOICES,
} from "./payment-choices.ts";
import { money, scriptValue, windowDocument } from "./window-document.ts";
import type { ResultTarget } from "./window-request.ts";

/** How a window shows a payment. */
export interface WindowView {
  locale: Locale;
  target: ResultTarget;
  /** The card or the easy pay service was chosen before, in the widget or by `flowMode: "DIRECT"`. */
  isDirect: boolean;
}

/** A hidden field of a form; nothing when there is no value. */
export function hidden(name: string, value: string | undefined): string {
  if (value === undefined) return "";
  return `<input type="hidden" name="${name}" value="${escapeHtml(value)}">`;
}

/** The choice of a bank. */
export function bankField(
  name: string,
  label: string,
  chosen: string,
): string {
  const options = BANK_CHOICES.map((bank) => {
    const selected = bank.code === chosen ? " selected" : "";
    return `<option value="${bank.code}"${selected}>${bank.name}</option>`;
  });
  return `<label class="field">${label}
<select name="${name}">${options.join("")}</select></label>`;
}

/** What a buyer says about a cash receipt. */
function receiptFields(locale: Locale): string {
  const english = locale === "en";
  return `<label class="field">${english ? "Cash receipt" : "현금영수증"}
<select name="receiptType" onchange="const number=this.form.receiptNumber;number.required=this.value!=='미발행';number.parentElement.hidden=!number.required">
<option value="미발행">${english ? "None" : "미발행"}</option>
<option value="소득공제">${
    english ? "Income deduction (personal)" : "소득공제 (개인)"
  }</option>
<option value="지출증빙">${
    english ? "Proof of expense (business)" : "지출증빙 (사업자)"
  }</option>
</select></label>
<label class="field" hidden>${
    english ? "Phone or business number" : "휴대폰 번호 또는 사업자등록번호"
  }
<input type="text" name="receiptNumber" inputmode="numeric" pattern="[0-9]{10,13}" placeholder="01000001234"></label>`;
}

function accountFields({ accountTerms }: Payment, locale: Locale): string {
  const english = locale === "en";
  const customerName = escapeHtml(accountTerms.customerName);
  return `${
    bankField("bank", english ? "Bank" : "입금할 은행", accountTerms.bank)
  }
<label class="field">${english ? "Depositor" : "입금자명"}
<input type="text" name="customerName" maxlength="100" value="${customerName}" required></label>
${receiptFields(locale)}`;
}

/** The fields of the method, which the buyer fills in the window. */
function methodFields(payment: Payment, view: WindowView): string {
  const { locale, isDirect } = view;
  const english = locale === "en";
  switch (payment.method) {
    case "카드":
    case "간편결제":
      return isDirect
        ? ""
        : `${cardTiles("payWith", locale, payment.card.issuerCode)}
${instalmentField("installmentPlanMonths", payment.totalAmount, locale)}
<h2>${english ? "Easy pay" : "간편결제"}</h2>
<div class="grid">${easyPayTiles("payWith", locale)}</div>`;
    case "가상계좌":
      return accountFields(payment, locale);
    case "계좌이체":
      return bankField(
        "transferBankCode",
        english ? "From which bank" : "출금할 은행",
        payment.transferBankCode,
      ) + receiptFields(locale);
    case "휴대폰":
      return `<label class="field">${english ? "Carrier" : "통신사"}
<select><option>SKT</option><option>KT</option><option>LG U+</option><option>${
        english ? "Budget carrier" : "알뜰폰"
      }</option></select></label>
<label class="field">${english ? "Phone number" : "휴대폰 번호"}
<input type="tel" value="010-0000-0000"></label>`;
    case "문화상품권":
    case "도서문화상품권":
    case "게임문화상품권":
      return "";
  }
}

/** What pays, in words. */
function methodName(payment: Payment, { locale, isDirect }: WindowView) {
  if (payment.method === "간편결제") {
    const { easyPayProvider } = payment;
    return findEasyPay(easyPayProvider)?.[locale] ?? easyPayProvider;
  }
  if (payment.method === "카드" && isDirect) {
    const { issuerCode } = payment.card;
    const name = findCardChoice(issuerCode)?.[locale] ??
      CARD_COMPANIES.get(issuerCode) ?? issuerCode;
    const plan = instalmentWords(payment.installmentPlanMonths)[locale];
    return locale === "en" ? `${name} card · ${plan}` : `${name}카드 · ${plan}`;
  }
  const sdkName = {
    카드: "CARD",
    계좌이체: "TRANSFER",
    가상계좌: "VIRTUAL_ACCOUNT",
    휴대폰: "MOBILE_PHONE",
  }[payment.method as string];
  return METHOD_CHOICES.find(({ code }) => code === sdkName)?.[locale] ??
    payment.method;
}

/** The page on which a person pays, declines or cancels. */
export function windowPage(payment: Payment, view: WindowView): string {
  const { locale, target } = view;
  const english = locale === "en";
  const pay = money(payment.totalAmount, locale);
  return windowDocument({
    locale,
    kind: "window",
    title: { ko: "결제", en: "Payment" },
    content: `<p class="order">${escapeHtml(payment.orderName)}</p>
<p class="amount">${pay}</p>
${
      detailRows([
        [
          english ? "Method" : "결제수단",
          methodName(payment, view),
        ],
        [english ? "Order id" : "주문번호", payment.orderId],
      ])
    }
<form method="post" action="/payment-window/${payment.paymentKey}">
${hidden("successUrl", target.successUrl)}
${hidden("failUrl", target.failUrl)}
${hidden("origin", target.origin)}
${methodFields(payment, view)}
<button class="main" name="action" value="pay">${
      english ? `Pay ${pay}` : `${pay} 결제하기`
    }</button>
<button class="quiet" name="action" value="cancel" formnovalidate>${
      english ? "Cancel" : "결제 취소"
    }</button>
<fieldset class="rehearsal">
<legend>${english ? "Rehearse a failure" : "실패 연습"}</legend>
${declineFields(PAYMENT_DECLINES, locale)}
<button name="action" value="decline_confirm" formnovalidate>${
      english ? "Decline at confirm" : "승인에서 거절"
    }</button>
<button name="action" value="decline" formnovalidate>${
      english ? "Decline here" : "결제창에서 거절"
    }</button>
</fieldset>
</form>`,
  });
}

/** A page that only says something. */
export function messagePage(message: string): string {
  return windowDocument({
    locale: "ko",
    kind: "window",
    title: { ko: "결제", en: "Payment" },
    content: `<p>${escapeHtml(message)}</p>`,
  });
}

/** A page that hands `result` to the page around its frame. */
export function framePage(result: unknown, origin: string): string {
  return windowDocument({
    locale: "ko",
    kind: "part",
    title: { ko: "결제", en: "Payment" },
    content: "",
    script: `parent.postMessage(${
      scriptValue({ source: "toss-simulator", ...Object(result) })
    }, ${scriptValue(new URL(origin).origin)});`,
  });
}
