import { z } from "zod";
import {
  bank,
  mobilePhone,
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

/** What is sold under escrow, as Toss names it. Source: Toss, 가상계좌 발급, escrowProducts. */
const escrowProduct = z.strictObject({
  id: plainText(100),
  name: plainText(100),
  code: plainText(100),
  unitPrice: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  quantity: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
});

/** The body of `POST virtual-account`. */
export const virtualAccountRequest = z.strictObject({
  orderId,
  bank: bank(BANKS),
  customerName: plainText(100),
  /** Absent = a day, or VIRTUAL_ACCOUNT_MAX_HOURS where that is less. */
  validHours: z.number().int().min(1).max(LONGEST_VALID_HOURS).optional(),
  /** The receipt that Toss issues with the deposit. */
  cashReceipt: cashReceipt.optional(),
  /** Under escrow (구매안전서비스) the payment cannot be refunded in part. */
  escrow: z.boolean().optional(),
  /** Absent = the order's own lines. */
  escrowProducts: z.array(escrowProduct).min(1).max(100).optional(),
  customerEmail: z.email().max(100).optional(),
  customerMobilePhone: mobilePhone.optional(),
}).refine(
  (body) => body.escrowProducts === undefined || body.escrow === true,
  { path: ["escrowProducts"], message: "only with escrow: true" },
);
