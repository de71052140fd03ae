/** Seconds after which asking again can bring news. */
const ASK_AGAIN_SECONDS = 2;

/** 202: Toss's answer is not known yet, and the worker goes on asking. */
export function processingResponse(fields: Record<string, unknown>): Response {
  return Response.json({ status: "processing", ...fields }, {
    status: 202,
    headers: { "retry-after": String(ASK_AGAIN_SECONDS) },
  });
}
