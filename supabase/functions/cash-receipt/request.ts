import { z } from "zod";
import {
  orderId,
  receiptNumber,
  requestToken,
} from "../_shared/http/fields.ts";

/** The body of `POST cash-receipt`. Limits of the fields: Toss, 현금영수증 발급. */
export const cashReceiptRequest = z.strictObject({
  orderId,
  /** 소득공제: for a person's deduction. 지출증빙: for a company's expenses. */
  type: z.enum(["소득공제", "지출증빙"]),
  customerIdentityNumber: receiptNumber,
  requestId: requestToken,
});

/** The body of `DELETE cash-receipt`. */
export const receiptCancelRequest = z.strictObject({
  orderId,
  /** Won; absent = all that is left of the receipt. */
  amount: z.number().int().positive().max(Number.MAX_SAFE_INTEGER).optional(),
  requestId: requestToken,
});
