import { z } from "zod";
import { bank, orderId, plainText } from "../_shared/http/fields.ts";
import { BANKS } from "../_shared/toss/banks.ts";

/** Toss lets a deposit be waited for 90 days at most (Toss: 가상계좌 발급, validHours). */
const LONGEST_VALID_HOURS = 2160;

/** The body of `POST virtual-account`. */
export const virtualAccountRequest = z.strictObject({
  orderId,
  bank: bank(BANKS),
  customerName: plainText(100),
  validHours: z.number().int().min(1).max(LONGEST_VALID_HOURS).default(24),
});
