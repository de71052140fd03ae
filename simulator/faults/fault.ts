import { z } from "zod";

function isRegularExpression(source: string): boolean {
  try {
    new RegExp(source);
    return true;
  } catch {
    return false;
  }
}

const matchShape = {
  /** Default: every method. */
  method: z.enum(["GET", "POST", "DELETE"]).optional(),
  /** The start of the path, for example `/v1/payments/confirm`. */
  path: z.string().startsWith("/").optional(),
  /** A regular expression over the path. */
  pathPattern: z.string()
    .refine(isRegularExpression, "not a regular expression").optional(),
  /** Only requests that name this payment, in the path or the body. */
  paymentKey: z.string().optional(),
  /** Only requests that name this billing key in the path. */
  billingKey: z.string().optional(),
  /** Only requests that name this order, in the path or the body. */
  orderId: z.string().optional(),
  /** The share of the matching requests that it meets; default: every one. */
  ratio: z.number().gt(0).lte(1).optional(),
  /** Decides which ones `ratio` picks, by order of arrival; default 1. */
  seed: z.int().optional(),
  count: z.union([z.int().positive(), z.literal("always")]).default(1),
};

const statusShape = {
  code: z.string().min(1),
  /** Default: the documented status of `code`. */
  status: z.int().min(400).max(599).optional(),
  message: z.string().max(510).optional(),
  ...matchShape,
};

const delayShape = {
  /** Real time. */
  milliseconds: z.int().positive(),
  ...matchShape,
};

const answerShape = {
  /** 200 to 599; a `code` without a `body` is written as Toss writes errors. */
  status: z.int().min(200).max(599),
  code: z.string().min(1).optional(),
  message: z.string().max(510).optional(),
  /** The body as it is sent; default: the error, or a proxy's page. */
  body: z.string().optional(),
  /** Whether and when what was asked for is done all the same. */
  acts: z.enum(["never", "before", "later"]),
  /** Virtual seconds from the answer to the act of `later`. */
  seconds: z.int().min(1).max(60).default(10),
  ...matchShape,
};

/**
 * What goes wrong with the next `count` requests that match and are picked.
 *
 * - `lose_answer_before` the connection ends before anything is applied
 * - `lose_answer_after` everything is applied, then the connection ends
 * - `status_before`, `status_after` an error answer, before or after applying
 * - `answer` any status with any code or body, without acting, after acting, or
 *   while it still acts
 * - `delay_before`, `delay_after` real milliseconds before or after applying
 * - `garbage` applied, then 200 with a body that is no JSON
 * - `half_body` applied, then the connection ends in the middle of the body
 * - `wrong_answer` applied, then `patch` overwrites fields of the answer
 * - `odd_field` applied, then `value` takes the place of one field, of any type
 */
export const faultSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("lose_answer_before"), ...matchShape }),
  z.strictObject({ kind: z.literal("lose_answer_after"), ...matchShape }),
  z.strictObject({ kind: z.literal("status_before"), ...statusShape }),
  z.strictObject({ kind: z.literal("status_after"), ...statusShape }),
  z.strictObject({ kind: z.literal("answer"), ...answerShape }),
  z.strictObject({ kind: z.literal("delay_before"), ...delayShape }),
  z.strictObject({ kind: z.literal("delay_after"), ...delayShape }),
  z.strictObject({ kind: z.literal("garbage"), ...matchShape }),
  z.strictObject({ kind: z.literal("half_body"), ...matchShape }),
  z.strictObject({
    kind: z.literal("wrong_answer"),
    patch: z.record(z.string(), z.unknown()),
    ...matchShape,
  }),
  z.strictObject({
    kind: z.literal("odd_field"),
    /** Its place in the answer: `easyPay`, `card.number`, `cancels[].canceledAt` (of every entry). */
    field: z.string().regex(/^\w+(\[\])?(\.\w+(\[\])?)*$/),
    value: z.unknown(),
    ...matchShape,
  }),
]);

/** A fault as callers give it. */
export type FaultInput = z.input<typeof faultSchema>;

/** A fault after parsing. */
export type Fault = z.output<typeof faultSchema>;
