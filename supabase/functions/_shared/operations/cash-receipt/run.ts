import {
  beginReceiptFits,
  beginSelfIssues,
  claimReceiptsInProgress,
  recordListedReceipts,
} from "../../database/cash-receipts.ts";
import { newLease, type OperationContext } from "../context.ts";
import { orProcessing } from "../no-proof.ts";
import { receiptEntry } from "../receipt-entry.ts";
import { listDay } from "../receipt-list.ts";
import { sendCashReceipt } from "./send.ts";

/** A bounded slice of the work on receipts. */
export interface ReceiptRun {
  limit: number;
  /** As of which time, ISO 8601; null = now. */
  asOf: string | null;
  /** CASH_RECEIPT_SELF_ISSUE_DAYS; null = nothing is issued unasked. */
  selfIssueDays: number | null;
}

/** So many receipts are at Toss at a time. */
const BATCH_SIZE = 10;

/**
 * Issues what is due unasked (자진발급), asks how receipts stand that the tax office still works on, and begins again
 * what was refused of the cancels that refunds asked for.
 */
export async function runCashReceipts(
  context: OperationContext,
  { limit, asOf, selfIssueDays }: ReceiptRun,
): Promise<Record<string, number>> {
  const { requestId } = context;
  return {
    ...await followUp(context, { limit, asOf }),
    ...(selfIssueDays === null
      ? { claimed: 0, issued: 0, refused: 0, unknown: 0 }
      : await selfIssue(context, { limit, asOf, days: selfIssueDays })),
    fitted: await beginReceiptFits(context.firstCall, { limit, requestId }),
  };
}

async function selfIssue(
  context: OperationContext,
  { limit, asOf, days }: { limit: number; asOf: string | null; days: number },
): Promise<Record<string, number>> {
  const counts = { claimed: 0, issued: 0, refused: 0, unknown: 0 };
  while (counts.claimed < limit) {
    const { requestId: logRequestId, ...lease } = newLease(context);
    const operations = await beginSelfIssues(context.firstCall, {
      ...lease,
      requestId: logRequestId,
      logRequestId,
      days,
      asOf,
      limit: Math.min(BATCH_SIZE, limit - counts.claimed),
    });
    if (operations.length === 0) break;
    counts.claimed += operations.length;
    await Promise.all(operations.map(async (operation) => {
      const { kind } = await orProcessing(context, operation, sendCashReceipt);
      if (kind === "receipted") counts.issued += 1;
      if (kind === "refused") counts.refused += 1;
      if (kind === "processing") counts.unknown += 1;
    }));
  }
  return counts;
}

async function followUp(
  context: OperationContext,
  slice: { limit: number; asOf: string | null },
): Promise<{ asked: number; ended: number }> {
  const waiting = await claimReceiptsInProgress(context.firstCall, slice);
  const keys = new Set(waiting.map(({ receiptKey }) => receiptKey));
  let ended = 0;
  // Toss lists a day to each of the shop's key pairs by itself.
  const days = new Map(waiting.map((receipt) => [
    [receipt.requestedOn, receipt.tossKeys, receipt.tossClientKey].join(),
    receipt,
  ]));
  for (const made of days.values()) {
    const listed = await listDay(context, made, made.requestedOn);
    if (listed.kind === "unlisted") continue;
    const entries = listed.receipts
      .filter(({ receiptKey }) => keys.has(receiptKey))
      .flatMap((receipt) => receiptEntry(receipt) ?? []);
    if (entries.length === 0) continue;
    ended += await recordListedReceipts(context.database, {
      entries,
      source: context.source,
      requestId: context.requestId,
    });
  }
  return { asked: waiting.length, ended };
}
