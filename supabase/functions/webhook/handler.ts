import { MAXIMUM_BODY_BYTES } from "../_shared/http/body-limits.ts";
import { runAfterAnswer } from "../_shared/http/background.ts";
import type { Handler } from "../_shared/http/create-function.ts";
import { readBody } from "../_shared/http/read-body.ts";
import { createOperationContext } from "../_shared/operations/create-context.ts";
import { checkSender } from "../_shared/webhooks/check-sender.ts";
import { processEvent } from "../_shared/webhooks/process-event.ts";
import { storeDelivery } from "../_shared/webhooks/receive.ts";
import { requireSignature } from "../_shared/webhooks/signatures/require-signature.ts";

/**
 * `POST webhook`: stores what Toss sent, answers 200, then asks Toss what is true.
 *
 * Checked in this order: size, sender's address, URL token, signature, JSON, a proof for what Toss always signs. Whatever the content type says, the
 * body is read as JSON.
 *
 * Toss takes only a 200 within 10 seconds for delivered and sends again otherwise, up to 7 times; so anything
 * that could not be stored is answered with an error (503), and everything stored with 200, understood or not.
 * Source: Toss, 웹훅 (delivery contract).
 */
export const receiveWebhook: Handler = async (request, context) => {
  const body = await readBody(request, MAXIMUM_BODY_BYTES.webhook);
  const { webhook } = context.services.config;
  checkSender(request, webhook);
  const { headers } = request;
  const provenBy = requireSignature({ headers, body }, webhook);
  const event = await storeDelivery({ headers, body, provenBy }, context);
  if (event.isClaimed) {
    const work = processEvent(
      createOperationContext(context, "webhook"),
      event,
      context.services.leaseSeconds,
    ).catch((error: unknown) => {
      // The row stands; the worker takes it up when the lease has passed.
      context.logger.error("webhook_processing_interrupted", {
        eventId: event.eventId,
        cause: error instanceof Error ? error.message : String(error),
      });
    });
    runAfterAnswer(work);
  }
  return Response.json({
    received: true,
    eventId: event.eventId,
    duplicate: event.isDuplicate,
  });
};
