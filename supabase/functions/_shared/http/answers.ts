/** Seconds after which asking again can bring news. */
const ASK_AGAIN_SECONDS = 2;

/** 202: Toss's answer is not known yet, and the worker goes on asking. */
export function processingResponse(fields: Record<string, unknown>): Response {
  return Response.json({ status: "processing", ...fields }, {
    status: 202,
    headers: { "retry-after": String(ASK_AGAIN_SECONDS) },
  });
}

/** Sends a browser on to one of the shop's pages. */
export function redirect(location: string): Response {
  return new Response(null, {
    status: 303,
    // The address that is left holds a paymentKey or authKey; it must not travel to the next page's servers.
    headers: { location, "referrer-policy": "no-referrer" },
  });
}
