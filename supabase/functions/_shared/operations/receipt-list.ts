import type {
  ReceiptEntry,
  ReceiptOperation,
} from "../database/cash-receipts.ts";
import type { TossCashReceipt } from "../toss/cash-receipts.ts";
import type { MadeWith } from "../toss/clients.ts";
import type { TossRefused, TossUnknown } from "../toss/outcome.ts";
import type { OperationContext } from "./context.ts";
import { receiptEntry } from "./receipt-entry.ts";

/** What Toss lists of an order, or why nothing is known of it. */
export type ListedReceipts =
  | { kind: "listed"; entries: ReceiptEntry[] }
  | { kind: "unlisted"; outcome: TossRefused | TossUnknown };

/** A day with more than these pages is no shop's; what they leave open is asked for again. */
const MAXIMUM_PAGES = 200;

const DAY_MILLISECONDS = 24 * 60 * 60_000;
const KOREA_OFFSET_MILLISECONDS = 9 * 60 * 60_000;
/** So far Toss's clock and the database's may be apart. */
const CLOCK_MARGIN_MILLISECONDS = 5 * 60_000;

/**
 * Reads the receipts and cancels of an operation's order from Toss's list, over every day on which it may have been
 * sent.
 *
 * There is no way to ask for one receipt: the list is by day (of the request, in Seoul) and by cursor. Source: Toss,
 * 현금영수증 조회 (GET /v1/cash-receipts).
 */
export async function listReceipts(
  context: OperationContext,
  operation: ReceiptOperation,
): Promise<ListedReceipts> {
  const entries: ReceiptEntry[] = [];
  for (const requestDate of daysOf(operation)) {
    const day = await listDay(context, operation, requestDate);
    if (day.kind === "unlisted") return day;
    entries.push(...day.receipts.flatMap((receipt) => {
      if (receipt.orderId !== operation.orderId) return [];
      return receiptEntry(receipt) ?? [];
    }));
  }
  return { kind: "listed", entries };
}

/** All that Toss lists of one day in Seoul, `yyyy-MM-dd`, to one of the shop's key pairs. */
export async function listDay(
  { toss }: Pick<OperationContext, "toss">,
  made: MadeWith,
  requestDate: string,
): Promise<
  | { kind: "listed"; receipts: TossCashReceipt[] }
  | Extract<ListedReceipts, { kind: "unlisted" }>
> {
  const receipts: TossCashReceipt[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < MAXIMUM_PAGES; page++) {
    const outcome = await toss.of(made).listCashReceipts({
      requestDate,
      cursor,
    });
    if (outcome.kind !== "answered") return { kind: "unlisted", outcome };
    const { data, hasNext, lastCursor } = outcome.value;
    receipts.push(...data);
    if (hasNext !== true) return { kind: "listed", receipts };
    // Without a way on, nobody could tell what is missing.
    if (lastCursor === null || lastCursor === cursor) break;
    cursor = lastCursor;
  }
  return { kind: "unlisted", outcome: INCOMPLETE };
}

const INCOMPLETE: TossUnknown = {
  kind: "unknown",
  reason: "unreadable",
  code: "LIST_INCOMPLETE",
  answered: false,
  message: "Toss's list of receipts does not end.",
  traceId: null,
};

function daysOf(
  { createdAt, askedAt }: Pick<ReceiptOperation, "createdAt" | "askedAt">,
): string[] {
  const first = Date.parse(createdAt) - CLOCK_MARGIN_MILLISECONDS;
  const last = Date.parse(askedAt) + CLOCK_MARGIN_MILLISECONDS;
  const days = new Set<string>();
  for (let time = first; time < last; time += DAY_MILLISECONDS) {
    days.add(dayInSeoul(time));
  }
  return [...days.add(dayInSeoul(last))];
}

function dayInSeoul(time: number): string {
  return new Date(time + KOREA_OFFSET_MILLISECONDS).toISOString().slice(0, 10);
}
