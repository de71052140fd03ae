import { DEFAULT_ACCOUNT_NUMBER } from "../billing/billing-account.ts";
import { CARD_TYPES, DEFAULT_CARD, OWNER_TYPES } from "../payments/card.ts";
import type { BillingWindowRequest } from "./billing-window-request.ts";
import { cardTiles } from "./card-fields.ts";
import {
  ACCOUNT_DECLINES,
  declineFields,
  REGISTRATION_DECLINES,
} from "./declines.ts";
import { detailRows } from "./html.ts";
import type { Locale, Words } from "./payment-choices.ts";
import { windowDocument } from "./window-document.ts";
import { bankField, hidden } from "./window-page.ts";

const CARD_TYPE_NAMES: Record<typeof CARD_TYPES[number], string> = {
  신용: "Credit",
  체크: "Debit",
  기프트: "Gift",
  미확인: "Unknown",
};

const OWNER_TYPE_NAMES: Record<typeof OWNER_TYPES[number], string> = {
  개인: "Personal",
  법인: "Corporate",
  미확인: "Unknown",
};

function select<Value extends string>(
  label: string,
  name: string,
  options: readonly Value[],
  nameOf: (value: Value) => string,
): string {
  const lines = options.map((value) =>
    `<option value="${value}">${nameOf(value)}</option>`
  );
  return `<label class="field">${label}
<select name="${name}">${lines.join("")}</select></label>`;
}

function cardFields(locale: Locale): string {
  const english = locale === "en";
  const cardType = (type: typeof CARD_TYPES[number]) =>
    english ? CARD_TYPE_NAMES[type] : type;
  const ownerType = (type: typeof OWNER_TYPES[number]) =>
    english ? OWNER_TYPE_NAMES[type] : type;
  return `${cardTiles("issuerCode", locale, DEFAULT_CARD.issuerCode)}
<label class="field">${english ? "Last four digits" : "카드번호 끝 4자리"}
<input type="text" name="lastDigits" value="7890" inputmode="numeric" pattern="[0-9]{4}" required></label>
${select(english ? "Card type" : "카드 종류", "cardType", CARD_TYPES, cardType)}
${select(english ? "Owner" : "소유자", "ownerType", OWNER_TYPES, ownerType)}`;
}

function accountFields(locale: Locale): string {
  const english = locale === "en";
  return `${bankField("bank", english ? "Bank" : "은행", "92")}
<label class="field">${english ? "Account number" : "계좌번호"}
<input type="text" name="accountNumber" value="${DEFAULT_ACCOUNT_NUMBER}" inputmode="numeric" pattern="[0-9]{10,20}" required></label>`;
}

const TITLES: Record<BillingWindowRequest["method"], Words> = {
  CARD: { ko: "카드 등록", en: "Register a card" },
  TRANSFER: { ko: "계좌 등록", en: "Register an account" },
};

/** The page on which a person registers a card or an account for billing, or does not. */
export function billingWindowPage(
  request: BillingWindowRequest,
  locale: Locale,
): string {
  const { customerName, customerEmail, customerKey, method } = request;
  const isCard = method === "CARD";
  const english = locale === "en";
  return windowDocument({
    locale,
    kind: "window",
    title: TITLES[method],
    content: `<p class="order">${
      english
        ? "What is registered here pays from now on, without this window."
        : "여기에 등록한 결제수단으로 다음부터 자동으로 결제돼요."
    }</p>
${
      detailRows([
        [english ? "Customer" : "고객", customerName ?? customerKey],
        [english ? "E-mail" : "이메일", customerEmail ?? "–"],
      ])
    }
<form method="post" action="/billing-window">
${hidden("clientKey", request.clientKey)}
${hidden("customerKey", customerKey)}
${hidden("method", method)}
${hidden("successUrl", request.successUrl)}
${hidden("failUrl", request.failUrl)}
${isCard ? cardFields(locale) : accountFields(locale)}
<button class="main" name="action" value="register">${
      english ? "Register" : "등록하기"
    }</button>
<button class="quiet" name="action" value="cancel" formnovalidate>${
      english ? "Cancel" : "등록 취소"
    }</button>
<fieldset class="rehearsal">
<legend>${english ? "Rehearse a failure" : "실패 연습"}</legend>
${declineFields(isCard ? REGISTRATION_DECLINES : ACCOUNT_DECLINES, locale)}
<button name="action" value="decline" formnovalidate>${
      english ? "Decline" : "등록 거절"
    }</button>
</fieldset>
</form>`,
  });
}
