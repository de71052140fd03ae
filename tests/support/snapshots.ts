import fc from "fast-check";

/** One state of a payment as `apply_payment` takes it. */
export interface Snapshot {
  paymentKey: string;
  orderId: string;
  status: string;
  method: string;
  totalAmount: number;
  balanceAmount: number;
  currency: string;
  requestedAt: string;
  approvedAt: string | null;
  canceledAt: string | null;
  failureCode: string | null;
  failureMessage: string | null;
  receiptUrl: string | null;
  cancels: SnapshotCancel[];
}

interface SnapshotCancel {
  transactionKey: string;
  cancelAmount: number;
  cancelReason: string;
  cancelStatus: string;
  canceledAt: string;
}

/** What a payment goes through, without the names and times that make it one payment. */
export interface Life {
  /** States before the money arrived, oldest first. */
  beginning: string[];
  end: "none" | "ABORTED" | "EXPIRED" | "DONE" | "CANCELED_UNPAID";
  /** Partial cancels after DONE, each a share of what was left. */
  partialShares: number[];
  /** Whether the rest is cancelled too. */
  isCanceledInFull: boolean;
  /** Asynchronous cancels instead, as shares of what is left: each begins, and most end. */
  asynchronous?: {
    /** Whether Toss lowers the balance when a cancel begins, or when it is done. */
    isCountedAtOnce: boolean;
    cancels: { share: number; ends: "DONE" | "ABORTED" | "not" }[];
  };
}

const shares = fc.array(fc.double({ min: 0.01, max: 0.9, noNaN: true }), {
  maxLength: 4,
});

/** A card payment: READY and IN_PROGRESS, then approved, refused or expired. */
export const cardLife: fc.Arbitrary<Life> = fc.record({
  beginning: fc.constantFrom(
    ["IN_PROGRESS"],
    ["READY", "IN_PROGRESS"],
    ["READY"],
  ),
  end: fc.constantFrom("none", "ABORTED", "EXPIRED", "DONE", "DONE", "DONE"),
  partialShares: shares,
  isCanceledInFull: fc.boolean(),
});

/** A virtual account: waits for its deposit, receives it, may be given up before. */
export const virtualAccountLife: fc.Arbitrary<Life> = fc.record({
  beginning: fc.constantFrom(
    ["WAITING_FOR_DEPOSIT"],
    ["IN_PROGRESS", "WAITING_FOR_DEPOSIT"],
  ),
  end: fc.constantFrom("none", "DONE", "DONE", "CANCELED_UNPAID"),
  partialShares: shares,
  isCanceledInFull: fc.boolean(),
});

const KOREAN_TIME = "2026-11-21T10:00:00+09:00";

/** Writes a life down as the answers Toss would give, oldest first. Amounts in won; all times are the same second. */
export function snapshotsOf(
  life: Life,
  of: { paymentKey: string; orderId: string; totalAmount: number },
): Snapshot[] {
  const blank: Snapshot = {
    ...of,
    status: "",
    method: "카드",
    balanceAmount: of.totalAmount,
    currency: "KRW",
    requestedAt: KOREAN_TIME,
    approvedAt: null,
    canceledAt: null,
    failureCode: null,
    failureMessage: null,
    receiptUrl: null,
    cancels: [],
  };
  const beginning = life.beginning.map((status) => ({ ...blank, status }));
  switch (life.end) {
    case "none":
      return beginning;
    case "ABORTED":
    case "EXPIRED":
      return [...beginning, {
        ...blank,
        status: life.end,
        failureCode: `${life.end}_BY_TOSS`,
        failureMessage: "실패",
      }];
    case "CANCELED_UNPAID":
      return [...beginning, withCancel(blank, of.totalAmount, "CANCELED")];
    case "DONE": {
      const done = {
        ...blank,
        status: "DONE",
        approvedAt: KOREAN_TIME,
        receiptUrl: "https://toss.example/receipt",
      };
      return [...beginning, done, ...cancelsOf(life, done)];
    }
  }
}

/** What can happen to a payment by foreign easy pay, whose cancels take their time. */
export const asynchronousLife: fc.Arbitrary<Life> = fc.record({
  beginning: fc.constantFrom([], ["READY"], ["READY", "IN_PROGRESS"]),
  end: fc.constant("DONE" as const),
  partialShares: fc.constant([]),
  isCanceledInFull: fc.constant(false),
  asynchronous: fc.record({
    isCountedAtOnce: fc.boolean(),
    cancels: fc.array(
      fc.record({
        share: fc.constantFrom(0.2, 0.5, 1),
        ends: fc.constantFrom("DONE", "ABORTED", "ABORTED", "not"),
      }),
      { minLength: 1, maxLength: 3 },
    ),
  }),
});

function asynchronousCancelsOf(
  { isCountedAtOnce, cancels }: NonNullable<Life["asynchronous"]>,
  done: Snapshot,
): Snapshot[] {
  const states: Snapshot[] = [];
  let settled = done;
  for (const { share, ends } of cancels) {
    const amount = Math.ceil(settled.balanceAmount * share);
    if (amount === 0) break;
    const status = amount === done.totalAmount
      ? "CANCELED"
      : "PARTIAL_CANCELED";
    const after = withCancel(settled, amount, status);
    const begun = endLast(
      isCountedAtOnce ? after : settled,
      after,
      "IN_PROGRESS",
    );
    states.push(begun);
    // Toss begins no second cancel before the first has ended.
    if (ends === "not") break;
    settled = ends === "DONE" ? after : endLast(settled, after, "ABORTED");
    states.push(settled);
  }
  return states;
}

/** A state whose list of cancels is that of another one, the last with this status. */
function endLast(state: Snapshot, listed: Snapshot, cancelStatus: string) {
  const cancels = listed.cancels.map((cancel, index) =>
    index === listed.cancels.length - 1 ? { ...cancel, cancelStatus } : cancel
  );
  return { ...state, cancels };
}

function cancelsOf(life: Life, done: Snapshot): Snapshot[] {
  if (life.asynchronous !== undefined) {
    return asynchronousCancelsOf(life.asynchronous, done);
  }
  const states: Snapshot[] = [];
  let last = done;
  for (const share of life.partialShares) {
    const amount = Math.ceil(last.balanceAmount * share);
    if (amount >= last.balanceAmount) break;
    last = withCancel(last, amount, "PARTIAL_CANCELED");
    states.push(last);
  }
  if (!life.isCanceledInFull) return states;
  // Only a cancel of everything at once ends in CANCELED (measured at Toss).
  const status = states.length === 0 ? "CANCELED" : "PARTIAL_CANCELED";
  return [...states, withCancel(last, last.balanceAmount, status)];
}

function withCancel(
  before: Snapshot,
  cancelAmount: number,
  status: string,
): Snapshot {
  const balanceAmount = before.balanceAmount - cancelAmount;
  return {
    ...before,
    status,
    balanceAmount,
    canceledAt: balanceAmount === 0 ? KOREAN_TIME : null,
    cancels: [...before.cancels, {
      transactionKey: `${before.paymentKey}-c${before.cancels.length + 1}`,
      cancelAmount,
      cancelReason: "property",
      cancelStatus: "DONE",
      canceledAt: KOREAN_TIME,
    }],
  };
}
