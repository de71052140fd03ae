import type { StoryRows } from "../database/story.ts";
import { isOpenAtToss, type Look } from "./look.ts";
import { won } from "./words.ts";

/** One thing that Toss and the database do not say alike. */
export interface Difference {
  paymentKey: string;
  /** Of the payment: `status`, `totalAmount`, `balanceAmount`, `currency`; `payment` when one side has none. */
  field: string;
  ours: string | number | null;
  theirs: string | number | null;
  /** As a sentence. */
  text: string;
}

const COMPARED = [
  "status",
  "currency",
  "totalAmount",
  "balanceAmount",
] as const;

/**
 * What Toss says now against what the rows say.
 *
 * A payment that only Toss has counts while it holds money or waits for it: windows that were opened and left are
 * none of an order's business. No answer is no difference.
 */
export function compare(rows: StoryRows, looks: readonly Look[]): Difference[] {
  return looks.flatMap((look): Difference[] => {
    if (look.kind === "unknown") return [];
    const paymentKey = look.kind === "answered"
      ? look.sight.paymentKey
      : look.paymentKey;
    const ours = rows.payments.find((each) => each.paymentKey === paymentKey);
    if (look.kind === "not_found") {
      if (ours === undefined) return [];
      return [{
        paymentKey: ours.paymentKey,
        field: "payment",
        ours: ours.status,
        theirs: null,
        text: `Toss knows no payment ${ours.paymentKey}, which is ` +
          `${ours.status} here`,
      }];
    }
    const { sight } = look;
    if (ours === undefined) {
      if (!isOpenAtToss(sight)) return [];
      return [{
        paymentKey: sight.paymentKey,
        field: "payment",
        ours: null,
        theirs: sight.status,
        text: `Toss has payment ${sight.paymentKey}, ${sight.status} of ` +
          `${won(sight.totalAmount, sight.currency)}, which is not here`,
      }];
    }
    return COMPARED.flatMap((field) =>
      ours[field] === sight[field] ? [] : [{
        paymentKey: sight.paymentKey,
        field,
        ours: ours[field],
        theirs: sight[field],
        text: `${field}: ${ours[field]} here, ${sight[field]} at Toss`,
      }]
    );
  });
}
