import { z } from "zod";
import { parseKoreanLocalTime } from "../korean-time.ts";
import { bankSchema } from "./banks.ts";
import type { Settings } from "../options.ts";

const HOUR_MILLISECONDS = 60 * 60 * 1000;

/** Toss core API reference: 7 days when the merchant says nothing. */
const DEFAULT_VALID_HOURS = 168;

/** Toss core API reference: 90 days, for both ways to say the deadline. */
const LONGEST_VALID_HOURS = 2160;

const dueDateSchema = z.string().transform((text, context) => {
  const time = parseKoreanLocalTime(text);
  if (time !== null) return time;
  context.addIssue({ code: "custom", message: "INVALID_DATE" });
  return z.NEVER;
});

/**
 * The fields that say what account is issued, as requests name them. The
 * message of an issue is Toss's error code where it has one.
 */
export const ACCOUNT_FIELDS = {
  bank: bankSchema,
  customerName: z.string().min(1).max(100),
  validHours: z.int().min(1)
    .max(LONGEST_VALID_HOURS, "EXCEED_MAX_VALID_HOURS").optional(),
  /** `yyyy-MM-dd'T'HH:mm:ss` in Korean time; parses to epoch ms. */
  dueDate: dueDateSchema.optional(),
  useEscrow: z.boolean().default(false),
};

/** Core API reference, escrowProducts. */
export const escrowProductSchema = z.object({
  id: z.string(),
  name: z.string(),
  code: z.string(),
  unitPrice: z.number().min(0),
  quantity: z.int().positive(),
});

/** One kind of goods that is sold under escrow. */
export type EscrowProduct = z.output<typeof escrowProductSchema>;

/** What decides about an account that is not issued yet. Time in epoch ms. */
export interface AccountTerms {
  /** The bank's code. */
  bank: string;
  customerName: string;
  validHours?: number | undefined;
  dueDate?: number | undefined;
  useEscrow: boolean;
  /** What is sold under escrow, as the merchant named it. */
  escrowProducts?: EscrowProduct[] | undefined;
  customerEmail?: string | undefined;
  customerMobilePhone?: string | undefined;
  /** Names a fixed account (고정), which stays the same for every payment. */
  accountKey?: string | undefined;
}

/** Refuses terms with both ways to say the deadline. */
export const ONE_DEADLINE = [
  (terms: Pick<AccountTerms, "validHours" | "dueDate">) =>
    terms.validHours === undefined || terms.dueDate === undefined,
  "INVALID_VALID_HOURS_WITH_DUE_DATE_AND_SINGLE",
] as const;

/** The terms as the window and the control API take them. */
export const accountTermsSchema = z.strictObject({
  ...ACCOUNT_FIELDS,
  bank: bankSchema.prefault("20"),
  customerName: ACCOUNT_FIELDS.customerName.default("김토스"),
}).refine(...ONE_DEADLINE);

/** When the deposit is due at the latest, for an account issued at `now`. */
export function dueAtOf(terms: AccountTerms, now: number): number {
  const { dueDate, validHours = DEFAULT_VALID_HOURS } = terms;
  return dueDate ?? now + validHours * HOUR_MILLISECONDS;
}

/** The code that refuses a deadline in the past or too far away, or null. */
export function deadlineRefusal(
  terms: AccountTerms,
  now: number,
): "INVALID_DATE" | "EXCEED_MAX_DUE_DATE" | null {
  const wait = dueAtOf(terms, now) - now;
  if (wait <= 0) return "INVALID_DATE";
  return wait > LONGEST_VALID_HOURS * HOUR_MILLISECONDS
    ? "EXCEED_MAX_DUE_DATE"
    : null;
}

/** How a refund by bank transfer ended. */
export const REFUND_ENDS = ["COMPLETED", "FAILED", "PARTIAL_FAILED"] as const;

/** One of `REFUND_ENDS`. */
export type RefundEnd = typeof REFUND_ENDS[number];

/** Where the money of a cancel goes. */
export interface RefundReceiveAccount {
  bankCode: string;
  accountNumber: string;
  holderName: string;
}

/** An account that a buyer can pay into. Time in epoch ms. */
export interface VirtualAccount {
  accountType: "일반" | "고정";
  accountKey: string | undefined;
  accountNumber: string;
  bankCode: string;
  customerName: string;
  /** Empty until somebody has paid. */
  depositorName: string;
  dueAt: number;
  /** Whether the deadline passed while the deposit was missing. */
  expired: boolean;
  /** How the Payment object shows `expired`. */
  shownExpiry: Settings["accountExpiry"];
  /** Whether the Payment object shows `dueDate`. */
  showsDueDate: boolean;
  refundStatus: "NONE" | "PENDING" | RefundEnd;
  /** Present for the 30 minutes in which Toss shows it. */
  refundReceiveAccount: RefundReceiveAccount | null;
  /** Takes back the planned end of the refund. */
  cancelRefundEnd: () => void;
}
