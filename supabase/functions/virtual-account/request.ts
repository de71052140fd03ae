import { z } from "zod";
import { bank, orderId, plainText } from "../_shared/http/fields.ts";
import { LONGEST_VALID_HOURS } from "../_shared/config/environment.ts";
import { BANKS } from "../_shared/toss/banks.ts";

/** The body of `POST virtual-account`. */
export const virtualAccountRequest = z.strictObject({
  orderId,
  bank: bank(BANKS),
  customerName: plainText(100),
  /** Absent = a day, or VIRTUAL_ACCOUNT_MAX_HOURS where that is less. */
  validHours: z.number().int().min(1).max(LONGEST_VALID_HOURS).optional(),
});
