import { CARD_COMPANIES, CARD_TYPES, OWNER_TYPES } from "../payments/card.ts";
import type { BillingWindowRequest } from "./billing-window-request.ts";
import { declineFields, REGISTRATION_DECLINES } from "./declines.ts";
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

/** The page on which a person registers a card for billing, or does not. */
export function billingWindowPage(request: BillingWindowRequest): string {
  const { customerName, customerEmail, customerKey } = request;
  const details = detailRows([
    ["고객 · Customer", customerName ?? customerKey],
    ["이메일 · E-mail", customerEmail ?? "–"],
  ]);
  return htmlPage(
    "카드 등록 · Card registration",
    `${details}
<form method="post" action="/billing-window">
${hidden("clientKey", request.clientKey)}
${hidden("customerKey", customerKey)}
${hidden("successUrl", request.successUrl)}
${hidden("failUrl", request.failUrl)}
${select("카드사 · Card company", "issuerCode", CARD_COMPANIES)}
${select("카드 종류 · Card type", "cardType", named(CARD_TYPES))}
${select("소유자 · Owner", "ownerType", named(OWNER_TYPES))}
<label>카드번호 끝 4자리 · Last four digits
<input name="lastDigits" value="7890" inputmode="numeric" pattern="[0-9]{4}" required></label>
<button name="action" value="register">등록하기 · Register</button>
<button name="action" value="cancel" formnovalidate>등록 취소 · Cancel</button>
<fieldset>
<legend>실패 연습 · Rehearse a failure</legend>
${declineFields(REGISTRATION_DECLINES)}
<button name="action" value="decline" formnovalidate>등록 거절 · Decline</button>
</fieldset>
</form>`,
  );
}
