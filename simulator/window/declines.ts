import { z } from "zod";
import { declineCodeSchema } from "../control/schemas.ts";
import { ERROR_CODES } from "../error-codes.ts";
import type { Locale } from "./payment-choices.ts";

type Decline = readonly [code: string, name: string];

/** The declines that a payment meets most, by the name that a Korean buyer has for them. */
export const PAYMENT_DECLINES: readonly Decline[] = [
  ["REJECT_CARD_PAYMENT", "한도 초과·잔액 부족"],
  ["REJECT_CARD_COMPANY", "카드사 승인 거절"],
  ["INVALID_STOPPED_CARD", "정지된 카드"],
  ["INVALID_CARD_LOST_OR_STOLEN", "분실·도난 카드"],
  ["INVALID_CARD_EXPIRATION", "유효기간 오류"],
  ["NOT_SUPPORTED_CARD_TYPE", "지원하지 않는 카드"],
  ["EXCEED_MAX_DAILY_PAYMENT_COUNT", "하루 결제 횟수 초과"],
  ["EXCEED_MAX_PAYMENT_AMOUNT", "하루 결제 금액 초과"],
  ["REJECT_ACCOUNT_PAYMENT", "계좌 잔액 부족"],
  ["FDS_ERROR", "위험 거래 차단"],
];

/** The declines that the registration of an account meets most. */
export const ACCOUNT_DECLINES: readonly Decline[] = [
  ["REJECT_ACCOUNT_PAYMENT", "계좌 잔액 부족"],
  ["RESTRICTED_TRANSFER_ACCOUNT", "이체 제한 계좌"],
  ["INVALID_BIRTH_DAY_FORMAT", "생년월일 오류"],
  ["NOT_AVAILABLE_BANK", "은행 점검 시간"],
  ["EXCEED_MAX_AUTH_COUNT", "인증 횟수 초과"],
  ["NOT_SUPPORTED_METHOD", "계약되지 않은 결제수단"],
];

/** The declines that the registration of a card meets most. */
export const REGISTRATION_DECLINES: readonly Decline[] = [
  ["INVALID_CARD_NUMBER", "카드번호 오류"],
  ["INVALID_CARD_EXPIRATION", "유효기간 오류"],
  ["INVALID_CARD_PASSWORD", "카드 비밀번호 오류"],
  ["INVALID_CARD_IDENTITY", "소유자 정보 불일치"],
  ["INVALID_BIRTH_DAY_FORMAT", "생년월일 오류"],
  ["INVALID_STOPPED_CARD", "정지된 카드"],
  ["INVALID_CARD_LOST_OR_STOLEN", "분실·도난 카드"],
  ["INVALID_REJECT_CARD", "카드 사용 거절"],
  ["NOT_SUPPORTED_CARD_TYPE", "지원하지 않는 카드"],
  ["EXCEED_MAX_AUTH_COUNT", "인증 횟수 초과"],
];

function option(value: string, text: string): string {
  return `<option value="${value}">${text}</option>`;
}

/** The choice of a decline: the common ones, and every other documented refusal behind 더 보기. */
export function declineFields(
  common: readonly Decline[],
  locale: Locale,
): string {
  const english = locale === "en";
  const offered = new Set(common.map(([code]) => code));
  const others = [...ERROR_CODES.values()]
    .filter(({ status, code }) => status < 500 && !offered.has(code))
    .sort((left, right) => left.korean.localeCompare(right.korean, "ko"));
  return `<label>${english ? "Reason" : "거절 이유"}
<select name="code">
${common.map(([code, name]) => option(code, `${name} (${code})`)).join("\n")}
</select></label>
<details>
<summary>${english ? "More" : "더 보기"} (${others.length})</summary>
<label>${
    english
      ? "Used instead, if chosen"
      : "다른 거절 이유, 고르면 위 대신 쓰입니다"
  }
<select name="otherCode">
${option("", "–")}
${
    others.map(({ code, korean }) => option(code, `${korean} (${code})`))
      .join("\n")
  }
</select></label>
</details>`;
}

/** What {@linkcode declineFields} sends; both may be missing. */
export const declineShape = {
  code: declineCodeSchema.optional(),
  otherCode: declineCodeSchema.or(z.literal("")).optional(),
};

/** The decline that a form means; `fallback` when it names none. */
export function chosenDecline(
  { code, otherCode }: {
    code?: string | undefined;
    otherCode?: string | undefined;
  },
  fallback: string,
): string {
  return otherCode || (code ?? fallback);
}
