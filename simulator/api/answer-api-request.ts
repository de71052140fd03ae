import { ERROR_CODES } from "../error-codes.ts";
import { type PlannedAnswer, takeAnswerFault } from "../faults/answer-fault.ts";
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

function applyEndpoint(call: RoutedCall, isLate = false): ApiAnswer {
  const { request, endpoint } = call;
  const parameters = endpoint.path.exec(request.path)?.slice(1)
    .map(decodeSegment) ?? [];
  const outcome = endpoint.handle({ ...call, parameters, isLate });
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

/** Lets a request that was answered already act when its time has come. */
function actLater(
  call: RoutedCall,
  { actsAfterSeconds }: PlannedAnswer,
  onAnswer: (answer: ApiAnswer) => void = () => {},
): void {
  if (actsAfterSeconds === null) return;
  const { clock, scheduler } = call.state;
  scheduler.at(
    clock.now() + actsAfterSeconds * 1000,
    () => onAnswer(applyEndpoint(call, true)),
  );
}

/**
 * Runs a request that was not answered before, with its faults.
 *
 * @param onLateAnswer gets what became of a request that acts after its answer, once it has
 * @returns the answer, and whether the request is still worked on
 */
async function runOnce(
  call: RoutedCall,
  onLateAnswer: (answer: ApiAnswer) => void = () => {},
): Promise<{ answer: ApiAnswer; goesOn: boolean }> {
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
  if (early !== null) return { answer: early, goesOn: false };
  const hasty = takeAnswerFault(faults, request, { from, at: "arrival" });
  if (hasty !== null) {
    actLater(call, hasty, onLateAnswer);
    return { answer: hasty.answer, goesOn: hasty.actsAfterSeconds !== null };
  }
  const done = applyEndpoint(call);
  await hold(call, "delay_after");
  const answer =
    takeStatusFault(faults, request, { kind: "status_after", from }) ??
      takeAnswerFault(faults, request, { from, at: "end" })?.answer ?? done;
  return { answer, goesOn: false };
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
  let isInProgress = false;
  try {
    const { answer, goesOn } = await runOnce(call, (late) => {
      if (isInProgress) store.finish(identity, { answer: late, traceId });
    });
    const keep = answer.status < 500 || state.settings.cacheServerErrors;
    if (keep && !isFromGateway(answer.status)) {
      store.finish(identity, { answer, traceId });
    } else {
      // A key never acts twice, not even when its first answer was an error that got lost.
      isInProgress = goesOn;
    }
    return { answer, traceIds: [traceId] };
  } finally {
    if (!isInProgress) store.forgetUnfinished(identity);
  }
}

/** Null without a key that counts. */
function identityOf(
  { request, keyPair }: RoutedCall,
): IdempotencyIdentity | null {
  const idempotencyKey = request.headers.get("idempotency-key");
  return idempotencyKey === null || request.method !== "POST" ? null : {
    idempotencyKey,
    secretKey: keyPair.secretKey,
    method: request.method,
    path: request.path + (request.query.size > 0 ? `?${request.query}` : ""),
  };
}

async function runRouted(call: RoutedCall): Promise<TracedAnswer> {
  const { request, traceId } = call;
  const identity = identityOf(call);
  if (identity === null) {
    const { answer } = await runOnce(call);
    return { answer, traceIds: [traceId] };
  }
  if (identity.idempotencyKey.length > LONGEST_IDEMPOTENCY_KEY) {
    const answer = errorAnswer("INVALID_IDEMPOTENCY_KEY", request.language);
    return { answer, traceIds: [traceId] };
  }
  return await runIdempotently(call, identity);
}

/**
 * A gateway has lost patience while the application works on: until that is
 * done the key is in progress, and then it has the application's own answer.
 */
function workBehind(call: RoutedCall, planned: PlannedAnswer): void {
  const identity = identityOf(call);
  const store = call.state.idempotency;
  if (identity === null) return actLater(call, planned);
  if (planned.actsAfterSeconds === null) return;
  if (store.begin(identity).kind !== "new") return;
  actLater(call, planned, (answer) => {
    store.finish(identity, { answer, traceId: call.traceId });
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
  const hasty = takeAnswerFault(faults, request, { from, at: "arrival" });
  if (hasty !== null) {
    workBehind(call, hasty);
    return { answer: hasty.answer, traceIds: [traceId] };
  }
  const traced = await runRouted(call);
  const late =
    takeStatusFault(faults, request, { kind: "status_after", from }) ??
      takeAnswerFault(faults, request, { from, at: "end" })?.answer ?? null;
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
