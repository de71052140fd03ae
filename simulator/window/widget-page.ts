import {
  cardTiles,
  easyPayTiles,
  instalmentField,
  tile,
} from "./card-fields.ts";
import { type Locale, METHOD_CHOICES } from "./payment-choices.ts";
import { windowDocument } from "./window-document.ts";

/** The frame in which a shop's page shows the methods. `script` is widget-script.js. */
export function methodsPage(
  amount: number,
  locale: Locale,
  script: string,
): string {
  const english = locale === "en";
  const methods = METHOD_CHOICES.map((choice, index) =>
    tile("method", choice.code, choice[locale], index === 0)
  );
  return windowDocument({
    locale,
    kind: "part",
    title: { ko: "결제수단", en: "Payment methods" },
    content: `<form id="methods">
<fieldset>
<legend>${english ? "Payment method" : "결제 방법"}</legend>
<div class="grid">
${methods.join("\n")}
${easyPayTiles("method", locale)}
</div>
</fieldset>
<section id="CARD">
${cardTiles("cardCompany", locale)}
${instalmentField("cardInstallmentPlan", amount, locale)}
</section>
<section id="TRANSFER" hidden><p class="hint">${
      english
        ? "You choose the bank in the next window."
        : "다음 창에서 은행을 골라 바로 이체해요."
    }</p></section>
<section id="VIRTUAL_ACCOUNT" hidden><p class="hint">${
      english
        ? "You get an account number; the order is complete once the money has arrived."
        : "입금할 계좌번호를 받고, 입금하면 주문이 완료돼요."
    }</p></section>
<section id="MOBILE_PHONE" hidden><p class="hint">${
      english
        ? "The amount goes on the bill of your phone."
        : "휴대폰 요금에 합산돼요."
    }</p></section>
</form>`,
    script,
  });
}

/** The frame in which a shop's page shows the terms. */
export function agreementPage(locale: Locale, script: string): string {
  const english = locale === "en";
  return windowDocument({
    locale,
    kind: "part",
    title: { ko: "약관", en: "Terms" },
    content: `<form id="agreement">
<label class="agree"><input type="checkbox" name="agreed" checked>
<span>${
      english
        ? "[Required] Terms of the payment service, use of personal data"
        : "[필수] 결제 서비스 이용 약관, 개인정보 처리 동의"
    }</span></label>
</form>`,
    script,
  });
}
