import { runAfterAnswer } from "../_shared/http/background.ts";
import type { Handler } from "../_shared/http/create-function.ts";
import { readBody } from "../_shared/http/read-body.ts";
import { createOperationContext } from "../_shared/operations/context.ts";
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
  const body = await readBody(request, context.bodyLimit);
  const { webhook } = context.services.config;
  checkSender(request, webhook);
  const { headers } = request;
  const provenBy = requireSignature({ headers, body }, webhook);
  const event = await storeDelivery(
    { headers, body, provenBy },
    context.services,
  );
  if (event.isClaimed) {
    const work = processEvent(
      createOperationContext(context, "webhook"),
      event,
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

const TEXT = `토스페이먼츠 웹훅을 받는 주소입니다.
토스페이먼츠 개발자센터의 웹훅 메뉴에 이 주소를 등록하세요. 이벤트는 POST 요청으로 받습니다.

This address receives TossPayments webhooks.
Register it in the TossPayments developer centre under Webhooks. Events arrive as POST requests.
`;

/** `GET webhook`: tells whoever opens the address in a browser what it is for. Shows nothing of the project. */
export const explainAddress: Handler = () =>
  Promise.resolve(
    new Response(TEXT, {
      headers: { "content-type": "text/plain; charset=utf-8" },
    }),
  );
