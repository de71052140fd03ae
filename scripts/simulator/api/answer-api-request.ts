import { ERROR_CODES } from "../error-codes.ts";
import { delay } from "../faults/delay.ts";
import type { KeyPair } from "../options.ts";
import type { SimulatorState } from "../state.ts";
import {
  type ApiAnswer,
  emptyAnswer,
  errorAnswer,
  valueAnswer,
} from "./api-answer.ts";
import { type ApiRequest, decodeSegment } from "./api-request.ts";
import { authorize } from "./authorize.ts";
import type { Endpoint } from "./endpoint.ts";
import { ENDPOINTS } from "./endpoints.ts";
import type { IdempotencyIdentity } from "./idempotency-store.ts";

const LONGEST_IDEMPOTENCY_KEY = 300;

/** An answer with the trace ids its header shows: two on a replay. */
export interface TracedAnswer {
  answer: ApiAnswer;
  traceIds: string[];
}

interface Call {
  state: SimulatorState;
  request: ApiRequest;
  traceId: string;
}

interface RoutedCall extends Call {
  keyPair: KeyPair;
  endpoint: Endpoint;
}

function testCodeAnswer(call: RoutedCall): ApiAnswer | null {
  const code = call.request.headers.get("tosspayments-test-code");
  if (code === null || !call.keyPair.secretKey.startsWith("test_")) return null;
  const known = ERROR_CODES.has(code) ? code : "INVALID_TEST_CODE";
  return errorAnswer(known, call.request.language);
}

function faultAnswer(
  call: Call,
  kind: "status_before" | "status_after",
): ApiAnswer | null {
  const { state, request } = call;
  const fault = state.faults.take(kind, request);
  if (fault === undefined) return null;
  const documented = ERROR_CODES.get(fault.code);
  const message = fault.message ?? documented?.[request.language] ?? fault.code;
  return {
    status: fault.status ?? documented?.status ?? 500,
    body: JSON.stringify({ code: fault.code, message }),
  };
}

function applyEndpoint(call: RoutedCall): ApiAnswer {
  const { request, endpoint } = call;
  const parameters = endpoint.path.exec(request.path)?.slice(1)
    .map(decodeSegment) ?? [];
  const outcome = endpoint.handle({ ...call, parameters });
  switch (outcome.kind) {
    case "value":
      return valueAnswer(outcome.value);
    case "empty":
      return emptyAnswer();
    case "refused":
      return errorAnswer(outcome.code, request.language);
  }
}

/** Runs a request that was not answered before, with its faults. */
async function runOnce(call: RoutedCall): Promise<ApiAnswer> {
  const { state, request } = call;
  const { latencyMilliseconds } = state.settings;
  if (latencyMilliseconds > 0) {
    await delay(latencyMilliseconds, state.stopping);
  }
  const before = state.faults.take("delay_before", request);
  if (before) await delay(before.milliseconds, state.stopping);
  const early = faultAnswer(call, "status_before") ?? testCodeAnswer(call);
  if (early !== null) return early;
  const answer = applyEndpoint(call);
  const after = state.faults.take("delay_after", request);
  if (after) await delay(after.milliseconds, state.stopping);
  return faultAnswer(call, "status_after") ?? answer;
}

async function runIdempotently(
  call: RoutedCall,
  identity: IdempotencyIdentity,
): Promise<TracedAnswer> {
  const { state, request, traceId } = call;
  // Taken once: a reset may put another store into the state meanwhile.
  const store = state.idempotency;
  const known = store.begin(identity);
  if (known.kind === "running") {
    const code = "IDEMPOTENT_REQUEST_PROCESSING";
    const answer = errorAnswer(code, request.language);
    return { answer, traceIds: [traceId] };
  }
  if (known.kind === "answered") {
    const { answer, traceId: first } = known.stored;
    return { answer, traceIds: [first, traceId] };
  }
  try {
    const answer = await runOnce(call);
    const keep = answer.status < 500 || state.settings.cacheServerErrors;
    if (keep) store.finish(identity, { answer, traceId });
    return { answer, traceIds: [traceId] };
  } finally {
    store.forgetUnfinished(identity);
  }
}

/**
 * Answers one API request, checking in this order: key, route,
 * Idempotency-Key, test code, body, state. Only the place of the test code
 * was measured at Toss; the rest of the order is our choice.
 */
export async function answerApiRequest(call: Call): Promise<TracedAnswer> {
  const { state, request, traceId } = call;
  const refuse = (code: string): TracedAnswer => ({
    answer: errorAnswer(code, request.language),
    traceIds: [traceId],
  });
  const header = request.headers.get("authorization");
  const authorization = authorize(state.settings.secretKeys, header);
  if (authorization.kind === "refused") return refuse(authorization.code);
  const { keyPair } = authorization;
  const endpoint = ENDPOINTS.find((candidate) =>
    candidate.method === request.method && candidate.path.test(request.path)
  );
  if (endpoint === undefined) return refuse("NOT_FOUND_HTTP_METHOD");
  const routed = { ...call, keyPair, endpoint };
  const idempotencyKey = request.headers.get("idempotency-key");
  if (idempotencyKey === null || request.method !== "POST") {
    return { answer: await runOnce(routed), traceIds: [traceId] };
  }
  if (idempotencyKey.length > LONGEST_IDEMPOTENCY_KEY) {
    return refuse("INVALID_IDEMPOTENCY_KEY");
  }
  return await runIdempotently(routed, {
    idempotencyKey,
    secretKey: keyPair.secretKey,
    method: request.method,
    path: request.path + (request.query.size > 0 ? `?${request.query}` : ""),
  });
}
