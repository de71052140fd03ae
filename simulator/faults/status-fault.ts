import { type ApiAnswer, errorText } from "../api/api-answer.ts";
import type { ApiRequest } from "../api/api-request.ts";
import { ERROR_CODES } from "../error-codes.ts";
import type { Fault } from "./fault.ts";
import type { FaultQueue } from "./fault-queue.ts";

type StatusFault = Extract<Fault, { code: string }>;

/**
 * What a gateway in front of the application answers by itself: who calls
 * (401), whether the key is in use (409), how often (429), and whether the
 * application answers at all (502 to 504). Toss documents 500 alone for the
 * application's own failures.
 */
const GATEWAY_STATUSES: ReadonlySet<number> = new Set([
  401,
  409,
  429,
  502,
  503,
  504,
]);

/** Who answers with an error, and when. */
export interface StatusFaultMoment {
  kind: StatusFault["kind"];
  from: "gateway" | "application";
}

/** Whether an answer of this HTTP status comes from before the application. */
export function isFromGateway(status: number): boolean {
  return GATEWAY_STATUSES.has(status);
}

function statusOf({ code, status }: StatusFault): number {
  return status ?? ERROR_CODES.get(code)?.status ?? 500;
}

/**
 * Takes the oldest status fault that matches, if this is its moment, and
 * writes its answer.
 */
export function takeStatusFault(
  faults: FaultQueue,
  request: ApiRequest,
  { kind, from }: StatusFaultMoment,
): ApiAnswer | null {
  const fault = faults.take(
    kind,
    request,
    (waiting) => isFromGateway(statusOf(waiting)) === (from === "gateway"),
  );
  if (fault === undefined) return null;
  const documented = ERROR_CODES.get(fault.code)?.[request.language];
  return {
    status: statusOf(fault),
    body: errorText(fault.code, fault.message ?? documented ?? fault.code),
  };
}
