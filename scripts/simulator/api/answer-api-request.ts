import { ERROR_CODES } from "../error-codes.ts";
import { delay } from "../faults/delay.ts";
import { isFromGateway, takeStatusFault } from "../faults/status-fault.ts";
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

async function hold(
  { state, request }: Call,
  kind: "delay_before" | "delay_after",
): Promise<void> {
  const fault = state.faults.take(kind, request);
  if (fault) await delay(fault.milliseconds, state.stopping);
}

/** Runs a request that was not answered before, with its faults. */
async function runOnce(call: RoutedCall): Promise<ApiAnswer> {
  const { state, request } = call;
  const { faults, settings: { latencyMilliseconds } } = state;
  const from = "application";
  if (latencyMilliseconds > 0) {
    await delay(latencyMilliseconds, state.stopping);
  }
  await hold(call, "delay_before");
  const early =
    takeStatusFault(faults, request, { kind: "status_before", from }) ??
      testCodeAnswer(call);
  if (early !== null) return early;
  const answer = applyEndpoint(call);
  await hold(call, "delay_after");
  return takeStatusFault(faults, request, { kind: "status_after", from }) ??
    answer;
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
    if (keep && !isFromGateway(answer.status)) {
      store.finish(identity, { answer, traceId });
    }
    return { answer, traceIds: [traceId] };
  } finally {
    store.forgetUnfinished(identity);
  }
}

async function runRouted(call: RoutedCall): Promise<TracedAnswer> {
  const { request, keyPair, traceId } = call;
  const idempotencyKey = request.headers.get("idempotency-key");
  if (idempotencyKey === null || request.method !== "POST") {
    return { answer: await runOnce(call), traceIds: [traceId] };
  }
  if (idempotencyKey.length > LONGEST_IDEMPOTENCY_KEY) {
    const answer = errorAnswer("INVALID_IDEMPOTENCY_KEY", request.language);
    return { answer, traceIds: [traceId] };
  }
  return await runIdempotently(call, {
    idempotencyKey,
    secretKey: keyPair.secretKey,
    method: request.method,
    path: request.path + (request.query.size > 0 ? `?${request.query}` : ""),
  });
}

/**
 * Lets the gateway's own errors stand between the caller and the application:
 * they meet replays too, and no Idempotency-Key remembers them.
 */
async function runBehindGateway(call: RoutedCall): Promise<TracedAnswer> {
  const { state: { faults }, request, traceId } = call;
  const from = "gateway";
  const early = takeStatusFault(faults, request, {
    kind: "status_before",
    from,
  });
  if (early !== null) {
    await hold(call, "delay_before");
    return { answer: early, traceIds: [traceId] };
  }
  const traced = await runRouted(call);
  const late = takeStatusFault(faults, request, { kind: "status_after", from });
  return late === null ? traced : { answer: late, traceIds: [traceId] };
}

/**
 * Answers one API request, checking in this order: key, route, gateway,
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
  return await runBehindGateway({ ...call, keyPair, endpoint });
}
