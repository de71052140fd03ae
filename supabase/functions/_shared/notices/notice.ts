import { z } from "zod";

/** What buyers are told, by its name in `notifications.notice`. */
export const NOTICES = [
  "receipt",
  "payment_failed",
  "refund",
  "virtual_account",
  "deposit",
  "renewal_upcoming",
  "subscription_ended",
  "card_needed",
  "withdrawal_received",
  "withdrawal_decided",
  "consent_asked",
  "trial_converted",
  "price_raised",
] as const;

/** Name of a notice. */
export type Notice = (typeof NOTICES)[number];

/** How a notice can be sent: `message` is 알림톡 with SMS behind it. */
export const CHANNELS = ["email", "message"] as const;

/** Name of a channel. */
export type Channel = (typeof CHANNELS)[number];

/** The languages that notices are written in. */
export type Language = "ko" | "en";

const text = z.string().nullish();
const won = z.number().int().nullish();
/** ISO 8601. */
const time = z.string().nullish();

/**
 * What a notice tells of, as it was when its cause happened. Amounts are won; what is not known is absent or null, and
 * the texts leave it out.
 */
export const noticeFacts = z.object({
  orderId: text,
  /** The shop's own id of the order. */
  reference: text,
  orderName: text,
  amount: won,
  /** Toss's payment method in its own words. */
  method: text,
  cardNumber: text,
  paidAt: time,
  receiptUrl: text,
  /** What is left of a payment after a refund. */
  balanceAmount: won,
  refundedAt: time,
  bankCode: text,
  accountNumber: text,
  dueDate: time,
  planName: text,
  /** Set when another plan begins with the coming charge. */
  nextPlanName: text,
  chargeAt: time,
  /** Whether the coming charge is the first after a trial. */
  isTrialEnd: z.boolean().nullish(),
  needsPaymentMethod: z.boolean().nullish(),
  failureCode: text,
  nextAttemptAt: time,
  accessEndsAt: time,
  /** Price of a period before; 0 of a trial. */
  amountBefore: won,
  /** When a request for consent takes effect. */
  effectiveAt: time,
  consentId: text,
  /** `trial_conversion` or `price_rise`. */
  consentKind: text,
  /** Whether the subscription ends without a yes; else the old price stays. */
  endsWithout: z.boolean().nullish(),
  /** Where it is answered; made when it is sent. */
  consentUrl: text,
  /** When a period was paid. */
  chargedAt: time,
  nextChargeAt: time,
  endedAt: time,
  /** Why a subscription ended: `notice`, `canceled_now`, `payment_failed`, `refunded`, `consent_missing`, `consent_refused`. */
  endReason: text,
  /** Until when the shop decides about a withdrawal. */
  decisionDueAt: time,
  /** `accepted` or `refused`. */
  decision: text,
  /** Why a withdrawal was refused, in the shop's words. */
  decisionReason: text,
});

/** See {@link noticeFacts}. */
export type NoticeFacts = z.output<typeof noticeFacts>;

/** Who speaks, and where a buyer finds them. */
export interface Shop {
  name: string;
  /** Address of the shop's pages. */
  url: string;
}

/** One line of a notice's table. */
export interface Row {
  label: string;
  /** Null when it is not known. */
  value: string | null;
}

/** A notice in one language, before it takes the form of a channel. */
export interface NoticeText {
  /** Without the shop's name, which each channel puts where it belongs. */
  subject: string;
  /** What happened, in one sentence. */
  lead: string;
  /** Always the same ones: a template of 알림톡 has a place for each. */
  rows: Row[];
  /** What follows from it, or what to do; always the same, for the same reason. */
  closing: string[];
  link: { label: string; url: string } | null;
}

/** Writes a notice. */
export type WriteNotice = (facts: NoticeFacts, shop: Shop) => NoticeText;

/** A notice in both languages. */
export type NoticeTexts = Readonly<Record<Language, WriteNotice>>;
