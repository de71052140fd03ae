import fc from "fast-check";
import type { FaultInput } from "../../simulator/faults/fault.ts";
import { ERROR_CATALOGUE } from "../../supabase/functions/_shared/toss/error-catalogue.ts";
import {
  proofOf,
  type TossCall,
} from "../../supabase/functions/_shared/toss/error-catalogue/proofs.ts";
import type { Shop } from "./shop.ts";

/** One answer of Toss, whatever it says, and whether the request acts all the same. */
export type OddAnswer = Pick<
  Extract<FaultInput, { kind: "answer" }>,
  "status" | "code" | "acts" | "seconds"
>;

/** What goes wrong between us and Toss during one operation. */
export interface OddExchange {
  /** The answers to the first tries, in order; later ones are true. */
  answers: OddAnswer[];
  /** The answers to the first look-ups, likewise. */
  lookups: OddAnswer[];
  hasWebhooks: boolean;
}

/** How the requests of a call are recognised. */
const REQUESTS: Record<
  TossCall,
  Pick<FaultInput, "method" | "path" | "pathPattern">
> = {
  confirm: { method: "POST", path: "/v1/payments/confirm" },
  cancel: { method: "POST", pathPattern: "^/v1/payments/.+/cancel$" },
  virtual_account: { method: "POST", path: "/v1/virtual-accounts" },
  charge: { method: "POST", pathPattern: "^/v1/billing/(?!authorizations)" },
  billing_issue: { path: "/v1/billing/authorizations/issue" },
  billing_delete: { method: "DELETE", path: "/v1/billing/" },
  cash_receipt: { method: "POST", pathPattern: "^/v1/cash-receipts$" },
  cash_receipt_cancel: {
    method: "POST",
    pathPattern: "^/v1/cash-receipts/.+/cancel$",
  },
};

/** Codes that Toss may add one day, some of which look like declines. */
const UNLISTED = [
  "ALREADY_PROCESSING_REQUEST",
  "NEW_CODE",
  "REJECT_NEW_THING",
  "EXCEED_MAX_NEW_THING",
  "INVALID_CARD_NEW_THING",
];

const anyStatus = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(400, 403, 404) },
  { weight: 2, arbitrary: fc.integer({ min: 400, max: 499 }) },
  { weight: 2, arbitrary: fc.integer({ min: 500, max: 599 }) },
  { weight: 1, arbitrary: fc.constantFrom(200, 201, 204, 302, 307) },
);

const anyActs = fc.constantFrom("never", "before", "later" as const);

function isTossError(status: number): boolean {
  return status >= 400 && status < 500 && status !== 409 && status !== 429;
}

/**
 * An answer to a call. Only what the table believes is true: a code that proves that nothing happened is not
 * answered to a request that acts, and a key is not called gone that is there.
 */
function oddAnswer(call: TossCall): fc.Arbitrary<OddAnswer> {
  const listed = ERROR_CATALOGUE.map(({ code }) => code);
  const believed = listed.filter((code) => proofOf(call, code) !== "ask");
  return fc.record({
    status: anyStatus,
    code: fc.oneof(
      fc.constantFrom(...UNLISTED),
      fc.constantFrom(...listed),
      fc.constantFrom(...believed),
    ),
    acts: anyActs,
    seconds: fc.integer({ min: 1, max: 59 }),
  }).map(({ status, code, acts, seconds }) => {
    if (status < 400) return { status, acts, seconds };
    const proof = isTossError(status) ? proofOf(call, code) : "ask";
    const isGone = call === "billing_delete" && proof === "moved";
    const truly = isGone ? "before" : proof === "ask" ? acts : "never";
    return { status, code, acts: truly, seconds };
  });
}

const oddLookup: fc.Arbitrary<OddAnswer> = fc.record({
  status: anyStatus,
  code: fc.constantFrom(...UNLISTED),
}).map(({ status, code }) =>
  status < 400 ? { status, acts: "never" } : { status, code, acts: "never" }
);

/** Whatever may go wrong with a call. */
export function oddExchange(call: TossCall): fc.Arbitrary<OddExchange> {
  return fc.record({
    answers: fc.array(oddAnswer(call), { minLength: 1, maxLength: 3 }),
    lookups: fc.oneof(
      { weight: 2, arbitrary: fc.constant<OddAnswer[]>([]) },
      { weight: 1, arbitrary: fc.array(oddLookup, { maxLength: 2 }) },
    ),
    hasWebhooks: fc.boolean(),
  });
}

/** Lets the exchange go wrong as planned. */
export function plantAnswers(
  { simulator }: Shop,
  call: TossCall,
  { answers, lookups }: OddExchange,
): void {
  for (const answer of answers) {
    simulator.addFault({ kind: "answer", ...answer, ...REQUESTS[call] });
  }
  for (const answer of lookups) {
    simulator.addFault({
      kind: "answer",
      ...answer,
      method: "GET",
      path: call.startsWith("cash_receipt")
        ? "/v1/cash-receipts"
        : "/v1/payments/",
    });
  }
}

/** Toss answered 500 and works on; the next try is refused with a code that nobody knows. */
const STILL_WORKING: OddExchange = {
  answers: [
    {
      status: 500,
      code: "FAILED_INTERNAL_SYSTEM_PROCESSING",
      acts: "later",
      seconds: 40,
    },
    { status: 400, code: "ALREADY_PROCESSING_REQUEST", acts: "never" },
  ],
  lookups: [],
  hasWebhooks: false,
};

/** The refusal itself comes from a request that is still at work. */
const REFUSED_AT_WORK: OddExchange = {
  answers: [
    { status: 403, code: "REJECT_NEW_THING", acts: "later", seconds: 40 },
  ],
  lookups: [],
  hasWebhooks: false,
};

/** The refusal comes after the act. */
const REFUSED_TOO_LATE: OddExchange = {
  answers: [{ status: 400, code: "NEW_CODE", acts: "before" }],
  lookups: [{ status: 400, code: "NEW_CODE", acts: "never" }],
  hasWebhooks: false,
};

/** Toss keeps the news that it is at work, as if that were its answer. */
const STUCK_KEY: OddExchange = {
  answers: [
    {
      status: 400,
      code: "IDEMPOTENT_REQUEST_PROCESSING",
      acts: "later",
      seconds: 21,
    },
  ],
  lookups: [],
  hasWebhooks: false,
};

/** What once took money twice, kept it, or held an operation for ever. */
export const TRAPS: readonly OddExchange[] = [
  STILL_WORKING,
  REFUSED_AT_WORK,
  REFUSED_TOO_LATE,
  STUCK_KEY,
];
