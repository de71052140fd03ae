import type { FaultInput } from "../../simulator/faults/fault.ts";
import { TOSS_CALLS, type TossCall } from "./plan.ts";
import type { Random } from "../support/random.ts";

/** Codes that Toss may add one day, some of which look like declines. */
const UNLISTED = [
  "ALREADY_PROCESSING_REQUEST",
  "NEW_CODE",
  "REJECT_NEW_THING",
  "EXCEED_MAX_NEW_THING",
];

/** Codes that Toss documents, for other calls than this one. */
const OF_OTHERS: Record<Exclude<TossCall, "query">, readonly string[]> = {
  confirm: ["ALREADY_REFUND_PAYMENT", "INVALID_BANK", "DUPLICATED_ORDER_ID"],
  cancel: ["REJECT_CARD_PAYMENT", "DUPLICATED_REQUEST", "EXPIRED_PAYMENT"],
  issue: ["REJECT_ACCOUNT_PAYMENT", "NOT_FOUND_PAYMENT", "MAINTAINED_METHOD"],
};

const STATUSES = [400, 400, 403, 404, 418, 422, 451, 500, 503, 520, 599];

/** Longer than a request takes, and never longer than Toss works on one. */
const AT_WORK_SECONDS = [1, 5, 20, 59];

/** An answer that proves nothing, whether or not the request acts. */
export function planOddAnswer(
  random: Random,
  call: Exclude<TossCall, "query">,
): FaultInput {
  const count = random.chance(0.6) ? 1 : random.integer(2, 3);
  const acts = random.pick(["never", "before", "later"] as const);
  const seconds = random.pick(AT_WORK_SECONDS);
  const common = {
    kind: "answer",
    acts,
    seconds,
    count,
    ...TOSS_CALLS[call],
  } as const;
  return random.chance(0.15)
    ? { ...common, status: random.pick([200, 204, 302]) }
    : {
      ...common,
      status: random.pick(STATUSES),
      code: random.pick([...UNLISTED, ...OF_OTHERS[call]]),
    };
}

/** An answer to a question that holds no record. */
export function planOddRecord(random: Random): FaultInput {
  return {
    kind: "answer",
    acts: "never",
    status: random.pick(STATUSES),
    code: random.pick(UNLISTED),
    count: random.integer(1, 2),
    ...TOSS_CALLS.query,
  };
}
