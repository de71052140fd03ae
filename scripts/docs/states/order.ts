import type { Language, Text } from "../language.ts";
import { code } from "../markdown.ts";
import { table } from "../../../proofs/support/markdown.ts";
import { type Arrow, diagram, START } from "./diagram.ts";

/** A move of an order. */
interface Move extends Arrow {
  /** Rare ones stand in the table alone. */
  drawn?: true;
  /** What the table says beside `when`. */
  more?: Text;
}

const LATE: Text = { en: "late payment", ko: "늦은 결제" };
const FIRST_REFUND: Text = {
  en: "the first answer shows a refund already",
  ko: "첫 응답에 이미 환불이 있음",
};
const FAILED_REFUND: Text = {
  en: "an asynchronous refund failed",
  ko: "비동기 환불 실패",
};

const MOVES: readonly Move[] = [
  {
    from: "pending",
    to: "waiting_for_deposit",
    drawn: true,
    when: { en: "account issued", ko: "계좌 발급" },
  },
  {
    from: "pending",
    to: "paid",
    drawn: true,
    when: { en: "approved", ko: "승인" },
  },
  { from: "pending", to: "partially_refunded", when: FIRST_REFUND },
  {
    from: "pending",
    to: "refunded",
    when: {
      en: "the first answer shows a full refund already",
      ko: "첫 응답에 이미 전액 환불이 있음",
    },
  },
  {
    from: "pending",
    to: "canceled",
    when: {
      en:
        "given up by its guest, or the first answer shows an account given up",
      ko: "비회원이 직접 취소, 또는 첫 응답에서 계좌가 이미 취소됨",
    },
  },
  {
    from: "pending",
    to: "expired",
    drawn: true,
    when: {
      en: "an hour without payment",
      ko: "한 시간 동안 결제 없음",
    },
    more: {
      en: "; never while an operation is open",
      ko: ". operation이 열려 있으면 만료되지 않음",
    },
  },
  {
    from: "pending",
    to: "failed",
    drawn: true,
    when: {
      en: "a subscription's charge was declined",
      ko: "구독 청구 거절",
    },
    more: {
      en:
        ", or given up before it reached Toss ([subscriptions.md](subscriptions.md#what-nobody-waits-for-any-more))",
      ko:
        ", 또는 토스에 닿기 전에 그만둔 청구([subscriptions.ko.md](subscriptions.ko.md#아무도-기다리지-않는-청구))",
    },
  },
  {
    from: "waiting_for_deposit",
    to: "paid",
    drawn: true,
    when: { en: "deposit", ko: "입금" },
  },
  {
    from: "waiting_for_deposit",
    to: "partially_refunded",
    when: {
      en: "deposit and refund, the webhook between them lost",
      ko: "입금과 환불 사이의 웹훅이 유실됨",
    },
  },
  {
    from: "waiting_for_deposit",
    to: "refunded",
    when: { en: "the same", ko: "위와 같음" },
  },
  {
    from: "waiting_for_deposit",
    to: "canceled",
    drawn: true,
    when: { en: "given up before the deposit", ko: "입금 전에 취소" },
  },
  {
    from: "waiting_for_deposit",
    to: "expired",
    drawn: true,
    when: { en: "deadline passed", ko: "입금 기한 지남" },
  },
  {
    from: "paid",
    to: "waiting_for_deposit",
    drawn: true,
    when: {
      en: "the bank took the deposit back",
      ko: "은행이 입금을 되돌림",
    },
  },
  {
    from: "paid",
    to: "expired",
    when: {
      en: "the bank took the deposit back after the deadline",
      ko: "입금 기한이 지난 뒤 은행이 입금을 되돌림",
    },
  },
  {
    from: "paid",
    to: "partially_refunded",
    drawn: true,
    when: { en: "a part refunded", ko: "부분 환불" },
  },
  {
    from: "paid",
    to: "refunded",
    drawn: true,
    when: { en: "all refunded", ko: "전액 환불" },
  },
  {
    from: "partially_refunded",
    to: "refunded",
    drawn: true,
    when: { en: "the rest refunded", ko: "나머지 환불" },
  },
  { from: "partially_refunded", to: "paid", when: FAILED_REFUND },
  { from: "refunded", to: "paid", when: FAILED_REFUND },
  {
    from: "refunded",
    to: "partially_refunded",
    when: {
      en: "the same, after an earlier partial refund",
      ko: "앞선 부분 환불 뒤의 비동기 환불 실패",
    },
  },
  {
    from: "expired",
    to: "waiting_for_deposit",
    when: {
      en: "an account was issued although the order had expired",
      ko: "만료된 주문에 계좌가 발급됨",
    },
  },
  {
    from: "expired",
    to: "paid",
    drawn: true,
    when: LATE,
    more: {
      en: ": honoured, line `late_payment`",
      ko: ": 받아들이고 `late_payment`를 남김",
    },
  },
  {
    from: "expired",
    to: "partially_refunded",
    when: {
      en: "late payment, refunded in part already",
      ko: "늦은 결제가 이미 일부 환불됨",
    },
  },
  {
    from: "expired",
    to: "refunded",
    when: {
      en: "late payment, refunded already",
      ko: "늦은 결제가 이미 환불됨",
    },
  },
  {
    from: "canceled",
    to: "waiting_for_deposit",
    when: {
      en: "another payment of the order: an account",
      ko: "같은 주문의 다른 결제: 계좌 발급",
    },
  },
  {
    from: "canceled",
    to: "paid",
    drawn: true,
    when: LATE,
    more: {
      en: " by another payment of the order",
      ko: ": 같은 주문의 다른 결제",
    },
  },
  {
    from: "canceled",
    to: "partially_refunded",
    when: {
      en: "the same, refunded in part already",
      ko: "위와 같고 이미 일부 환불됨",
    },
  },
  {
    from: "canceled",
    to: "refunded",
    when: { en: "the same, refunded already", ko: "위와 같고 이미 환불됨" },
  },
  {
    from: "canceled",
    to: "expired",
    when: {
      en: "another payment's account passed its deadline",
      ko: "다른 결제의 계좌가 입금 기한을 넘김",
    },
  },
];

const BEGIN: Arrow = {
  from: START,
  to: "pending",
  when: { en: "checkout, stock reserved", ko: "주문 생성, 재고 확보" },
};

const HEADS = {
  en: ["From", "To", "When"],
  ko: ["이전", "다음", "언제"],
} as const;

/** The moves that are worth a drawing. */
export function orderDiagram(language: Language): string {
  const drawn = MOVES.filter(({ drawn }) => drawn);
  return diagram([BEGIN, ...drawn], language);
}

/** Every move of an order. */
export function orderTable(language: Language): string {
  return table(
    HEADS[language],
    MOVES.map(({ from, to, when, more }) => [
      code(from),
      code(to),
      when[language] + (more?.[language] ?? ""),
    ]),
  );
}
