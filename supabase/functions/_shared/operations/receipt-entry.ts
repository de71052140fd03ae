import type { ReceiptEntry } from "../database/cash-receipts.ts";
import { CASH_RECEIPT, type TossCashReceipt } from "../toss/cash-receipts.ts";
import type { TossPayment } from "../toss/payment.ts";
import { tossTime } from "../toss/time.ts";

/** What a receipt's asker knows of it where Toss does not say. */
export type KnownOfReceipt = Partial<
  Pick<ReceiptEntry, "transactionType" | "amount" | "issueStatus">
>;

/**
 * Reduces Toss's CashReceipt to what the database keeps; null when it tells no amount.
 *
 * A state that nobody knows is one that the tax office has not ended.
 */
export function receiptEntry(
  receipt: TossCashReceipt,
  known: KnownOfReceipt = {},
): ReceiptEntry | null {
  const amount = known.amount ?? receipt.amount ?? 0;
  if (!Number.isSafeInteger(amount) || amount <= 0) return null;
  const { taxFreeAmount } = receipt;
  const isPart = Number.isSafeInteger(taxFreeAmount) &&
    Number(taxFreeAmount) <= amount;
  return {
    receiptKey: receipt.receiptKey,
    orderId: receipt.orderId,
    transactionType: known.transactionType ??
      (receipt.transactionType === "CANCEL" ? "CANCEL" : "CONFIRM"),
    type: short(receipt.type, 20),
    amount,
    taxFreeAmount: isPart ? taxFreeAmount : null,
    issueNumber: short(receipt.issueNumber, 50),
    issueStatus: statusOf(receipt.issueStatus ?? known.issueStatus),
    receiptUrl: short(receipt.receiptUrl, 2000),
    requestedAt: tossTime(receipt.requestedAt),
    failureCode: short(receipt.failure?.code, 200),
  };
}

function statusOf(
  issueStatus: string | undefined,
): ReceiptEntry["issueStatus"] {
  return issueStatus === "COMPLETED" || issueStatus === "FAILED"
    ? issueStatus
    : "IN_PROGRESS";
}

function short(
  text: string | null | undefined,
  longest: number,
): string | null {
  return text && text.length <= longest ? text : null;
}

/**
 * The receipts that Toss names in a payment, each once: `cashReceipts`, and `cashReceipt`, which is all that older API
 * versions have. What cannot be read is left out, because no receipt may hold up a payment.
 */
export function receiptsOfPayment(payment: TossPayment): ReceiptEntry[] {
  const { cashReceipt, cashReceipts } = payment;
  const listed = (Array.isArray(cashReceipts) ? cashReceipts : [])
    .flatMap((value) => read(value, {}));
  const single = read(cashReceipt, {
    transactionType: "CONFIRM",
    issueStatus: "COMPLETED",
  }).filter(({ receiptKey }) =>
    !listed.some((entry) => entry.receiptKey === receiptKey)
  );
  return [...listed, ...single];
}

function read(value: unknown, known: KnownOfReceipt): ReceiptEntry[] {
  const parsed = CASH_RECEIPT.safeParse(value);
  const entry = parsed.success ? receiptEntry(parsed.data, known) : null;
  return entry === null ? [] : [entry];
}
