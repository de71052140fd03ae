import { withOddField } from "../faults/odd-field.ts";
import type { Wire } from "../http-server.ts";
import { toKoreanTime } from "../korean-time.ts";
import { newTraceId } from "../payments/identifiers.ts";
import type { RequestRecord } from "../request-record.ts";
import type { SimulatorState } from "../state.ts";
import { answerApiRequest, type TracedAnswer } from "./answer-api-request.ts";
import { PROXY_PAGE } from "../faults/answer-fault.ts";
import { authorize } from "./authorize.ts";
import { type ApiRequest, readApiRequest } from "./api-request.ts";

function cutBeforeAnswer(wire: Wire, record: RequestRecord): Response {
  wire.cutAfterBytes = 0;
  record.status = "cut";
  return new Response(null);
}

function patchedBody(body: string, patch: Record<string, unknown>): string {
  if (body !== "" && !body.startsWith("{")) return body;
  const value: unknown = body === "" ? {} : JSON.parse(body);
  return JSON.stringify(Object.assign({}, value, patch));
}

function writeAnswer(
  traced: TracedAnswer,
  idempotencyKey: string | null,
): Response {
  const headers = new Headers({
    "content-type": "application/json",
    "x-tosspayments-trace-id": traced.traceIds.join(","),
  });
  if (idempotencyKey !== null) headers.set("idempotency-key", idempotencyKey);
  const { status, body } = traced.answer;
  // These statuses have no body.
  const sent = status === 204 || status === 205 || status === 304 ? null : body;
  return new Response(sent, { status, headers });
}

/** Spoils the answer on its way out; what was applied and stored stays. */
function spoil(
  state: SimulatorState,
  request: ApiRequest,
  traced: TracedAnswer,
): TracedAnswer {
  const { answer } = traced;
  const wrong = state.faults.take("wrong_answer", request);
  if (wrong !== undefined) {
    const body = patchedBody(answer.body, wrong.patch);
    return { ...traced, answer: { ...answer, body } };
  }
  const odd = state.faults.take("odd_field", request);
  if (odd !== undefined) {
    const body = withOddField(answer.body, odd);
    return { ...traced, answer: { ...answer, body } };
  }
  if (state.faults.take("garbage", request) !== undefined) {
    return { ...traced, answer: { status: 200, body: PROXY_PAGE } };
  }
  return traced;
}

/** Answers a request under `/v1` or `/v2` as the Toss API. */
export async function apiRoute(
  state: SimulatorState,
  incoming: Request,
  wire: Wire,
): Promise<Response> {
  const request = await readApiRequest(incoming);
  const idempotencyKey = request.headers.get("idempotency-key");
  const authorized = authorize(
    state.settings.secretKeys,
    request.headers.get("authorization"),
  );
  const record: RequestRecord = {
    at: toKoreanTime(state.clock.now()),
    method: request.method,
    path: request.path + new URL(incoming.url).search,
    idempotencyKey,
    clientKey: authorized.kind === "known"
      ? authorized.keyPair.clientKey
      : null,
    status: null,
  };
  state.requests.push(record);
  // Asked before and after, because a fault may be spent or added between.
  if (state.faults.mayCut()) wire.closeConnection = true;
  if (state.faults.take("lose_answer_before", request)) {
    return cutBeforeAnswer(wire, record);
  }
  const traceId = newTraceId();
  const traced = await answerApiRequest({ state, request, traceId });
  if (state.faults.mayCut()) wire.closeConnection = true;
  if (state.faults.take("lose_answer_after", request)) {
    return cutBeforeAnswer(wire, record);
  }
  const sent = spoil(state, request, traced);
  record.status = sent.answer.status;
  if (state.faults.take("half_body", request)) {
    wire.cutAfterBytes = Math.max(1, Math.floor(sent.answer.body.length / 2));
  }
  return writeAnswer(sent, idempotencyKey);
}
