import { CARD_COMPANIES, CARD_TYPES, OWNER_TYPES } from "../payments/card.ts";
import type { BillingWindowRequest } from "./billing-window-request.ts";
import { DEFAULT_ACCOUNT_NUMBER } from "../billing/billing-account.ts";
import { BANK_CHOICES } from "../payments/banks.ts";
import {
  ACCOUNT_DECLINES,
  declineFields,
  REGISTRATION_DECLINES,
} from "./declines.ts";
import { detailRows, htmlPage } from "./html.ts";
import { hidden } from "./window-page.ts";

function select(
  label: string,
  name: string,
  options: Iterable<[value: string, text: string]>,
): string {
  const lines = Array.from(
    options,
    ([value, text]) => `<option value="${value}">${text}</option>`,
  );
  return `<label>${label}
<select name="${name}">${lines.join("")}</select></label>`;
}

function named(values: readonly string[]): [string, string][] {
  return values.map((value) => [value, value]);
}

function cardFields(): string {
  return `${select("카드사 · Card company", "issuerCode", CARD_COMPANIES)}
${select("카드 종류 · Card type", "cardType", named(CARD_TYPES))}
${select("소유자 · Owner", "ownerType", named(OWNER_TYPES))}
<label>카드번호 끝 4자리 · Last four digits
<input name="lastDigits" value="7890" inputmode="numeric" pattern="[0-9]{4}" required></label>`;
}

function accountFields(): string {
  const banks = BANK_CHOICES.map(({ code, name }): [string, string] => [
    code,
    name,
  ]);
  return `${select("은행 · Bank", "bank", banks)}
<label>계좌번호 · Account number
<input name="accountNumber" value="${DEFAULT_ACCOUNT_NUMBER}" inputmode="numeric" pattern="[0-9]{10,20}" required></label>`;
}

const TITLES = {
  CARD: "카드 등록 · Card registration",
  TRANSFER: "계좌 등록 · Account registration",
};

/** The page on which a person registers a card or an account for billing, or does not. */
export function billingWindowPage(request: BillingWindowRequest): string {
  const { customerName, customerEmail, customerKey, method } = request;
  const isCard = method === "CARD";
  const details = detailRows([
    ["고객 · Customer", customerName ?? customerKey],
    ["이메일 · E-mail", customerEmail ?? "–"],
  ]);
  return htmlPage(
    TITLES[method],
    `${details}
<form method="post" action="/billing-window">
${hidden("clientKey", request.clientKey)}
${hidden("customerKey", customerKey)}
${hidden("method", method)}
${hidden("successUrl", request.successUrl)}
${hidden("failUrl", request.failUrl)}
${isCard ? cardFields() : accountFields()}
<button name="action" value="register">등록하기 · Register</button>
<button name="action" value="cancel" formnovalidate>등록 취소 · Cancel</button>
<fieldset>
<legend>실패 연습 · Rehearse a failure</legend>
${declineFields(isCard ? REGISTRATION_DECLINES : ACCOUNT_DECLINES)}
<button name="action" value="decline" formnovalidate>등록 거절 · Decline</button>
</fieldset>
</form>`,
  );
}
