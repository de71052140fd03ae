import { z } from "zod";
import { receivingBankSchema } from "../payments/banks.ts";
import type { RefundReceiveAccount } from "../payments/virtual-account.ts";
import { refusalCodeOf } from "./refusal-code.ts";

// The request says `bank` where the answer says `bankCode`.
const schema = z.object({
  bank: receivingBankSchema,
  accountNumber: z.string()
    .regex(/^\d{1,20}$/, "INVALID_REFUND_ACCOUNT_NUMBER"),
  holderName: z.string().min(1).max(60),
});

/** A refund account that money can be sent to, or the code that refuses it. */
export type RefundAccountJudgement =
  | { kind: "accepted"; receiver: RefundReceiveAccount }
  | { kind: "refused"; code: string };

/**
 * Reads `refundReceiveAccount` of a cancel.
 * Source: Toss core API reference, 결제 취소, and its error table.
 */
export function judgeRefundAccount(value: unknown): RefundAccountJudgement {
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const code = refusalCodeOf(parsed.error, "INVALID_REFUND_ACCOUNT_INFO");
    return { kind: "refused", code };
  }
  const { bank: bankCode, ...rest } = parsed.data;
  return { kind: "accepted", receiver: { bankCode, ...rest } };
}
