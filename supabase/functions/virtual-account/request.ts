import { z } from "zod";
import {
  bank,
  orderId,
  plainText,
  receiptNumber,
} from "../_shared/http/fields.ts";
import { LONGEST_VALID_HOURS } from "../_shared/config/environment.ts";
import { BANKS } from "../_shared/toss/banks.ts";

const cashReceipt = z.strictObject({
  type: z.enum(["소득공제", "지출증빙", "미발행"]),
  registrationNumber: receiptNumber.optional(),
}).refine(
  ({ type, registrationNumber }) =>
    (type === "미발행") === (registrationNumber === undefined),
  {
    path: ["registrationNumber"],
    message: "goes with 소득공제 and 지출증빙, and only with them",
  },
);

/** The body of `POST virtual-account`. */
export const virtualAccountRequest = z.strictObject({
  orderId,
  bank: bank(BANKS),
  customerName: plainText(100),
  /** Absent = a day, or VIRTUAL_ACCOUNT_MAX_HOURS where that is less. */
  validHours: z.number().int().min(1).max(LONGEST_VALID_HOURS).optional(),
  /** The receipt that Toss issues with the deposit. */
  cashReceipt: cashReceipt.optional(),
});
