import { type ApiAnswer, errorText } from "../api/api-answer.ts";
import type { ApiRequest } from "../api/api-request.ts";
import { ERROR_CODES } from "../error-codes.ts";
import type { Fault } from "./fault.ts";
import type { FaultQueue } from "./fault-queue.ts";
import { isFromGateway } from "./status-fault.ts";

type AnswerFault = Extract<Fault, { kind: "answer" }>;

/** What a broken proxy in front of the API might send. */
export const PROXY_PAGE = "<html><body>upstream connect error</body></html>";

/** Who answers, and when: on arrival, or with the work done. */
export interface AnswerMoment {
  from: "gateway" | "application";
  at: "arrival" | "end";
}

/** An answer that says nothing about what is done. */
export interface PlannedAnswer {
  answer: ApiAnswer;
  /** Virtual seconds until the request acts all the same; null = it does not, or has. */
  actsAfterSeconds: number | null;
}

/** Only an error in Toss's own form is the application's; a key remembers it. */
function sourceOf({ status, code, body }: AnswerFault): AnswerMoment["from"] {
  return status < 400 || isFromGateway(status) || body !== undefined ||
      code === undefined
    ? "gateway"
    : "application";
}

function bodyOf(fault: AnswerFault, request: ApiRequest): string {
  if (fault.body !== undefined) return fault.body;
  if (fault.code === undefined) return PROXY_PAGE;
  const documented = ERROR_CODES.get(fault.code)?.[request.language];
  return errorText(fault.code, fault.message ?? documented ?? fault.code);
}

/**
 * Takes the oldest `answer` fault that matches, if this is its moment, and
 * writes its answer.
 */
export function takeAnswerFault(
  faults: FaultQueue,
  request: ApiRequest,
  { from, at }: AnswerMoment,
): PlannedAnswer | null {
  const fault = faults.take(
    "answer",
    request,
    (waiting) =>
      sourceOf(waiting) === from &&
      (waiting.acts === "before") === (at === "end"),
  );
  return fault === undefined ? null : {
    answer: { status: fault.status, body: bodyOf(fault, request) },
    actsAfterSeconds: fault.acts === "later" ? fault.seconds : null,
  };
}
