import { z } from "zod";
import type { DepositHours } from "./apply-payment.ts";
import type { Database } from "./client.ts";
import { madeWith, type TossKeys, tossKeys } from "./lease.ts";

/** The run that a call about it answers. */
export const run = z.object({
  runId: z.string(),
  /** Days in Seoul, both included. */
  from: z.string(),
  to: z.string(),
  status: z.enum(["running", "finished", "failed"]),
  compared: z.number().int(),
  healed: z.number().int(),
  /** Of all runs. */
  open: z.number().int(),
  foreign: z.number().int(),
  /** What comes next: a page of a list, our own rows, questions about single payments, or settlements. */
  phase: z.enum(["list", "ours", "ask", "settlements", "done"]),
  /** Whose list is read; null when all are. */
  keys: tossKeys.nullable(),
  cursor: z.string().nullable(),
  questions: z.number().int(),
});

/** A comparison with Toss's list, and how far it is. */
export type ReconciliationRun = z.output<typeof run>;

/** Who works on a run. */
export interface ReconciliationLease {
  runId: string;
  leaseToken: string;
  leaseSeconds: number;
}

const begun = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("begun"), run }),
  z.object({ outcome: z.literal("busy") }),
  z.object({
    outcome: z.literal("invalid_range"),
    from: z.string(),
    to: z.string(),
  }),
]);

/** Begins a run or goes on with one; see the comment on `public.begin_reconciliation`. */
export function beginReconciliation(
  database: Database,
  request: Omit<ReconciliationLease, "runId"> & {
    pairs: TossKeys[];
    from: string | null;
    to: string | null;
    asOf: string | null;
  },
): Promise<z.output<typeof begun>> {
  return database.call("begin_reconciliation", { ...request }, begun);
}

/** Hands in a page of Toss's list; see the comment on `public.record_listed_transactions`. */
export function recordListedTransactions(
  database: Database,
  request: ReconciliationLease & {
    keys: TossKeys;
    cursor: string | null;
    lastKey: string | null;
    isLast: boolean;
    rows: Record<string, unknown>[];
  },
): Promise<ReconciliationRun> {
  return database.call("record_listed_transactions", { ...request }, run);
}

/** See the comment on `public.find_unlisted_payments`. */
export function findUnlistedPayments(
  database: Database,
  request: ReconciliationLease & { configured: TossKeys[] },
): Promise<ReconciliationRun> {
  return database.call("find_unlisted_payments", { ...request }, run);
}

const questions = z.object({
  questions: z.array(z.object({
    paymentKey: z.string(),
    isKnown: z.boolean(),
    /** With which pair it was listed; null when a row of ours is in question. */
    listedKeys: tossKeys.nullable(),
    /** Whether payments of ours bear the merchant id under which it was listed. */
    isFamiliar: z.boolean(),
    ...madeWith,
    askedAt: z.string(),
  })),
});

/** A payment that Toss is to be asked about. */
export type ReconciliationQuestion = z.output<
  typeof questions
>["questions"][number];

/** See the comment on `public.claim_reconciliation_questions`. */
export async function claimReconciliationQuestions(
  database: Database,
  request: ReconciliationLease & { limit: number },
): Promise<ReconciliationQuestion[]> {
  const answer = await database.call(
    "claim_reconciliation_questions",
    { ...request },
    questions,
  );
  return answer.questions;
}

/** Hands in what Toss said of a payment; see the comment on `public.settle_reconciliation_question`. */
export function settleReconciliationQuestion(
  database: Database,
  request: ReconciliationLease & {
    paymentKey: string;
    /** Null: Toss knows no such payment. */
    payment: Record<string, unknown> | null;
    /** Nobody can be asked: neither a difference nor none. */
    isUnaskable: boolean;
    /** Another shop's, although its orderId is one of ours. */
    isForeign: boolean;
    canApply: boolean;
    askedAt: string;
    requestId: string;
    depositHours: DepositHours;
  },
): Promise<ReconciliationRun> {
  return database.call("settle_reconciliation_question", { ...request }, run);
}

/** See the comment on `public.postpone_reconciliation_question`. */
export function postponeReconciliationQuestion(
  database: Database,
  request: ReconciliationLease & { paymentKey: string },
): Promise<ReconciliationRun> {
  return database.call("postpone_reconciliation_question", {
    ...request,
  }, run);
}

/** See the comment on `public.pause_reconciliation`. */
export function pauseReconciliation(
  database: Database,
  request: ReconciliationLease,
): Promise<ReconciliationRun> {
  return database.call("pause_reconciliation", { ...request }, run);
}

/** See the comment on `public.finish_reconciliation`. */
export function finishReconciliation(
  database: Database,
  request: ReconciliationLease,
): Promise<ReconciliationRun> {
  return database.call("finish_reconciliation", { ...request }, run);
}
