import { z } from "zod";
import {
  type Bank,
  bankCode,
  BANKS,
  describeBanks,
  SECURITIES_FIRMS,
} from "../toss/banks.ts";
import { isPathSegment } from "../toss/path-segment.ts";

/** Text that Postgres can store: no U+0000, no half of a surrogate pair. */
export const plainText = (maximum: number) =>
  z.string().min(1).max(maximum).refine(
    (value) => value.isWellFormed() && !value.includes("\0"),
    "must be plain text",
  );

/** A paymentKey; it becomes part of a Toss URL and of a database text. */
export const paymentKey = z.string().min(1).max(200)
  .regex(/^[\x21-\x7e]+$/, "must be what the payment window returned")
  .refine(isPathSegment, "must be what the payment window returned");

/** An orderId as `checkout` makes them. */
export const orderId = z.string().regex(
  /^[A-Za-z0-9_-]{6,64}$/,
  "must be the orderId that checkout returned",
);

/** A mobile number as Toss takes it. */
export const mobilePhone = z.string().regex(
  /^[0-9]{8,15}$/,
  "must be 8 to 15 digits, without hyphens",
);

/** Whom a cash receipt is for: a phone number, a card's number or a company's, as digits. */
export const receiptNumber = z.string().regex(
  /^[0-9]{8,30}$/,
  "must be 8 to 30 digits, without hyphens",
);

/** A caller's idempotency token. */
export const requestToken = z.string().regex(
  /^[\x21-\x7e]{1,100}$/,
  "must be 1 to 100 printable ASCII characters without spaces",
);

/** A moment with its offset. */
export const instant = z.iso.datetime({
  offset: true,
  error: "must be a time with offset, such as 2027-01-01T00:00:00+09:00",
});

/** A bank by Toss's code or a name as people write it; parses to the code. */
export const bank = (among: readonly Bank[]) =>
  z.string().max(50).transform((text, context) => {
    const code = bankCode(text, among);
    if (code !== null) return code;
    context.addIssue({
      code: "custom",
      message: `must be one of Toss's bank codes or names: ${
        describeBanks(among)
      }`,
    });
    return z.NEVER;
  });

/** Where the money of a virtual account goes back to. Limits: Toss, 결제 취소. */
export const refundReceiveAccount = z.strictObject({
  bank: bank([...BANKS, ...SECURITIES_FIRMS]),
  accountNumber: z.string().regex(
    /^[0-9]{1,20}$/,
    "must be 1 to 20 digits, without hyphens",
  ),
  holderName: plainText(60),
});

/** Whether what is sold can be given back (청약철회); docs/withdrawals.md. */
export const withdrawalRule = z.enum([
  "allowed",
  "excluded_after_use",
  "excluded",
]);
