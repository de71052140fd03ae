import { escapeHtml } from "./html.ts";
import {
  CARD_CHOICES,
  EASY_PAY_CHOICES,
  INSTALMENT_MONTHS,
  INSTALMENTS_FROM,
  instalmentWords,
  type Locale,
  SHOWN_CARDS,
} from "./payment-choices.ts";

/** One of several, as a tile. */
export function tile(
  name: string,
  value: string,
  text: string,
  checked = false,
): string {
  const mark = checked ? " checked" : "";
  return `<label class="pick"><input type="radio" name="${name}" value="${
    escapeHtml(value)
  }"${mark}><span>${escapeHtml(text)}</span></label>`;
}

/** The tiles of the card companies; those after the first eight behind a button. */
export function cardTiles(
  name: string,
  locale: Locale,
  chosen: string | null = null,
): string {
  const tiles = CARD_CHOICES.map((choice) =>
    tile(name, choice.code, choice[locale], choice.code === chosen)
  );
  const more = locale === "en" ? "More cards" : "다른 카드 더보기";
  const legend = locale === "en" ? "Card company" : "카드사";
  return `<fieldset>
<legend>${legend}</legend>
<div class="grid small">
${tiles.slice(0, SHOWN_CARDS).join("\n")}
<div class="rest">${tiles.slice(SHOWN_CARDS).join("\n")}</div>
</div>
<button type="button" class="text" onclick="this.previousElementSibling.classList.add('open');this.remove();window.dispatchEvent(new Event('resize'))">${more}</button>
</fieldset>`;
}

/** The tiles of the easy pay services. */
export function easyPayTiles(name: string, locale: Locale): string {
  const tiles = EASY_PAY_CHOICES.map((choice) =>
    tile(name, choice.code, choice[locale])
  );
  return tiles.join("\n");
}

/** The choice of an instalment plan; below its least amount it has one entry. */
export function instalmentField(
  name: string,
  amount: number,
  locale: Locale,
): string {
  const options = INSTALMENT_MONTHS.map((months) => {
    const closed = months > 0 && amount < INSTALMENTS_FROM ? " disabled" : "";
    return `<option value="${months}"${closed}>${
      instalmentWords(months)[locale]
    }</option>`;
  });
  const label = locale === "en" ? "Instalments" : "할부";
  const hint = locale === "en"
    ? `From ₩${INSTALMENTS_FROM.toLocaleString("ko-KR")}.`
    : `할부는 ${INSTALMENTS_FROM / 10_000}만원부터 돼요.`;
  return `<label class="field">${label}
<select name="${name}">${options.join("")}</select></label>
<p class="hint">${hint}</p>`;
}
