import { z } from "zod";
import type { Database } from "./client.ts";
import {
  type EndRequest,
  leased,
  type LeaseRequest,
  madeWith,
  type PaymentSource,
  type RefusalRequest,
} from "./lease.ts";

/** A receipt, or the cancel of one, as `cash-receipt` answers it; `amount` in won. */
export const receiptView = z.object({
  receiptKey: z.string(),
  orderId: z.string(),
  type: z.string(),
  amount: z.number().int(),
  issueStatus: z.enum(["IN_PROGRESS", "COMPLETED", "FAILED"]),
  receiptUrl: z.string().nullable(),
});

/** What `cash-receipt` answers. */
export type ReceiptView = z.output<typeof receiptView>;

/** A receipt of Toss, or the cancel of one, as the database takes it. */
export interface ReceiptEntry {
  receiptKey: string;
  orderId: string | null;
  transactionType: "CONFIRM" | "CANCEL";
  type: string | null;
  /** Won. */
  amount: number;
  taxFreeAmount: number | null;
  issueNumber: string | null;
  issueStatus: "IN_PROGRESS" | "COMPLETED" | "FAILED";
  receiptUrl: string | null;
  /** ISO 8601; null when Toss did not say. */
  requestedAt: string | null;
  failureCode: string | null;
}

const receipting = {
  ...leased,
  orderId: z.string(),
  paymentKey: z.string(),
  /** Won. */
  amount: z.number().int(),
  /** When it was begun, ISO 8601. */
  createdAt: z.string(),
};

/** A leased issue of a cash receipt. */
export const cashReceiptOperation = z.object({
  ...receipting,
  kind: z.literal("cash_receipt"),
  orderName: z.string(),
  taxFreeAmount: z.number().int(),
  type: z.string(),
  isSelfIssued: z.boolean(),
  /** Whom it is for, encrypted for this operation; null when it is issued unasked. */
  secret: z.object({ keyId: z.string(), ciphertext: z.string() }).nullable(),
});

/** A receipt that Toss is to issue. */
export type CashReceiptOperation = z.output<typeof cashReceiptOperation>;

/** A leased cancel of a cash receipt. */
export const cashReceiptCancelOperation = z.object({
  ...receipting,
  kind: z.literal("cash_receipt_cancel"),
  receiptKey: z.string(),
  /** Whether all of a receipt is canceled of which nothing was canceled before. */
  isWhole: z.boolean(),
});

/** A receipt of which Toss is to cancel all or a part. */
export type CashReceiptCancelOperation = z.output<
  typeof cashReceiptCancelOperation
>;

/** Either request about a receipt. */
export type ReceiptOperation =
  | CashReceiptOperation
  | CashReceiptCancelOperation;

const begun = [
  z.object({ outcome: z.literal("processing") }),
  z.object({ outcome: z.literal("succeeded"), receipt: receiptView }),
  z.object({ outcome: z.literal("rejected"), errorCode: z.string() }),
  z.object({ outcome: z.literal("request_differs") }),
  z.object({ outcome: z.literal("operation_in_progress") }),
  z.object({ outcome: z.literal("order_not_found") }),
] as const;

const issueBeginning = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("proceed"), operation: cashReceiptOperation }),
  z.object({ outcome: z.literal("resolve"), operation: cashReceiptOperation }),
  ...begun,
  z.object({ outcome: z.literal("receipt_exists") }),
  z.object({ outcome: z.literal("too_many_attempts") }),
  z.object({ outcome: z.literal("not_a_cash_payment") }),
]);

/** What `begin_cash_receipt` answers. */
export type BeginCashReceiptAnswer = z.output<typeof issueBeginning>;

const cancelBeginning = z.discriminatedUnion("outcome", [
  z.object({
    outcome: z.literal("proceed"),
    operation: cashReceiptCancelOperation,
  }),
  z.object({
    outcome: z.literal("resolve"),
    operation: cashReceiptCancelOperation,
  }),
  ...begun,
  z.object({ outcome: z.literal("receipt_not_found") }),
  z.object({
    outcome: z.literal("exceeds_receipt"),
    availableAmount: z.number().int(),
  }),
]);

/** What `begin_cash_receipt_cancel` answers. */
export type BeginCashReceiptCancelAnswer = z.output<typeof cancelBeginning>;

interface ReceiptRequest extends LeaseRequest {
  orderId: string;
  /** The caller's idempotency token. */
  requestId: string;
  /** Digests of everything asked for; any of them recognises the request. */
  requestDigests: string[];
  /** `operator`, or the user's id. */
  requestedBy: string;
  /** Stands in the audit log; `requestId` is the caller's. */
  logRequestId: string;
}

/** A receipt as its caller wants it. */
export interface BeginCashReceiptRequest extends ReceiptRequest {
  type: string;
  secret: { keyId: string; ciphertext: string };
  /** The id of the operation, should this request begin one. */
  operationId: string;
}

/** Decides under the order's lock whether a receipt may be issued; see the comment on `public.begin_cash_receipt`. */
export function beginCashReceipt(
  database: Database,
  request: BeginCashReceiptRequest,
): Promise<BeginCashReceiptAnswer> {
  return database.call("begin_cash_receipt", { ...request }, issueBeginning);
}

/** Begins to cancel the receipt of an order; see the comment on `public.begin_cash_receipt_cancel`. */
export function beginCashReceiptCancel(
  database: Database,
  request: ReceiptRequest & { amount?: number | undefined },
): Promise<BeginCashReceiptCancelAnswer> {
  return database.call(
    "begin_cash_receipt_cancel",
    { ...request },
    cancelBeginning,
  );
}

const settlement = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("succeeded"), receipt: receiptView }),
  z.object({ outcome: z.literal("rejected"), errorCode: z.string() }),
  z.object({ outcome: z.literal("nothing") }),
]);

/** Ends a request with what Toss tells of it; see the comment on `public.settle_cash_receipt`. */
export function settleCashReceipt(
  database: Database,
  request: EndRequest & {
    entries: ReceiptEntry[];
    proof: "answered" | "listed";
  },
): Promise<z.output<typeof settlement>> {
  return database.call("settle_cash_receipt", { ...request }, settlement);
}

const rejection = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("rejected"), errorCode: z.string() }),
  z.object({ outcome: z.literal("succeeded"), receipt: receiptView }),
  z.object({ outcome: z.literal("unknown") }),
]);

/** Ends a request on Toss's refusal. */
export function rejectCashReceipt(
  database: Database,
  request: RefusalRequest,
): Promise<z.output<typeof rejection>> {
  return database.call("reject_cash_receipt", { ...request }, rejection);
}

const selfIssues = z.object({ operations: z.array(cashReceiptOperation) });

/** Begins receipts that nobody asked for; see the comment on `public.begin_self_issues`. */
export async function beginSelfIssues(
  database: Database,
  request: LeaseRequest & {
    days: number;
    limit: number;
    asOf: string | null;
    logRequestId: string;
  },
): Promise<CashReceiptOperation[]> {
  const answer = await database.call(
    "begin_self_issues",
    { ...request },
    selfIssues,
  );
  return answer.operations;
}

const inProgress = z.object({
  receipts: z.array(z.object({
    orderId: z.string(),
    receiptKey: z.string(),
    /** The day in Seoul under which Toss lists it, `yyyy-MM-dd`. */
    requestedOn: z.string(),
    ...madeWith,
  })),
});

/** Receipts that the tax office still works on; see the comment on `public.claim_receipts_in_progress`. */
export async function claimReceiptsInProgress(
  database: Database,
  request: { limit: number; asOf: string | null },
): Promise<z.output<typeof inProgress>["receipts"]> {
  const answer = await database.call(
    "claim_receipts_in_progress",
    { ...request },
    inProgress,
  );
  return answer.receipts;
}

/** Moves receipts on by Toss's list; answers how many have ended. */
export async function recordListedReceipts(
  database: Database,
  request: {
    entries: ReceiptEntry[];
    source: PaymentSource;
    requestId: string;
  },
): Promise<number> {
  const answer = await database.call(
    "record_listed_receipts",
    { ...request },
    z.object({ recorded: z.number().int() }),
  );
  return answer.recorded;
}

/** Begins again what Toss refused of cancels that refunds asked for; answers how many. */
export async function beginReceiptFits(
  database: Database,
  request: { limit: number; requestId: string },
): Promise<number> {
  const answer = await database.call(
    "begin_receipt_fits",
    { ...request },
    z.object({ begun: z.number().int() }),
  );
  return answer.begun;
}
