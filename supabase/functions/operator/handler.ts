import { findKnownPayment } from "../_shared/database/known-payment.ts";
import {
  replayDelivery,
  replayEvent,
  searchOrders,
  settleDifference,
} from "../_shared/database/operator.ts";
import { AppError } from "../_shared/http/app-error.ts";
import { runAfterAnswer } from "../_shared/http/background.ts";
import type {
  Handler,
  RequestContext,
} from "../_shared/http/create-function.ts";
import { readJson } from "../_shared/http/read-body.ts";
import { createOperationContext } from "../_shared/operations/context.ts";
import { runOutbox } from "../_shared/outbox/run.ts";
import { readStory } from "../_shared/story/story.ts";
import { runWebhooks } from "../_shared/webhooks/run.ts";
import { operatorRequest } from "./request.ts";

/** Enough to reach one event that was just armed; what waits besides is the worker's. */
const REPLAY_LIMIT = 10;

/**
 * `POST operator`: what the shop's own people ask, with the secret key.
 *
 * `order` answers 200 with one order's story, as `toss order --json` prints it; 404 `order_not_found`. It changes
 * nothing. `search` answers 200 with what an id, a reference or an e-mail address means, also when that is nothing.
 * `replay_event` and `replay_delivery` answer 200 with how many were queued again: 0 for an unknown one, and for one
 * that is under way. `settle_difference` answers 200, also when repeated; 404 `difference_not_found`.
 */
export const operator: Handler = async (request, context) => {
  const body = await readJson(request, operatorRequest, context.bodyLimit);
  const { services: { database }, requestId } = context;
  switch (body.action) {
    case "order":
      return Response.json(await tell(context, body.id));
    case "search":
      return Response.json(await searchOrders(database, body.text));
    case "replay_event": {
      const replayed = await replayEvent(database, body.eventId);
      if (replayed > 0) workAfterAnswer(context, workOff);
      return Response.json({ replayed });
    }
    case "replay_delivery": {
      const replayed = await replayDelivery(database, {
        eventId: body.eventId,
        endpointId: body.endpointId,
      });
      if (replayed > 0) workAfterAnswer(context, send);
      return Response.json({ replayed });
    }
    case "settle_difference": {
      const { differenceId } = body;
      const answer = await settleDifference(database, {
        differenceId,
        logRequestId: requestId,
      });
      if (answer.outcome === "difference_not_found") {
        throw new AppError(
          "difference_not_found",
          "There is no difference with this differenceId.",
        );
      }
      return Response.json({ differenceId, resolution: answer.resolution });
    }
  }
};

async function tell({ services, logger }: RequestContext, id: string) {
  const { database } = services;
  const told = await readStory({
    database,
    toss: services.toss(logger, (made) => findKnownPayment(database, made)),
    id,
  });
  if (told !== null) return told;
  throw new AppError(
    "order_not_found",
    "No order, payment or subscription has this id.",
  );
}

const workOff = (context: RequestContext) =>
  runWebhooks(createOperationContext(context, "webhook"), {
    limit: REPLAY_LIMIT,
    asOf: null,
  });

const send = ({ services, logger }: RequestContext) =>
  runOutbox({ services, logger, limit: undefined, asOf: null });

/** Whoever looks need not wait for the schedule, which takes up what is left here. */
function workAfterAnswer(
  context: RequestContext,
  work: (context: RequestContext) => Promise<unknown>,
): void {
  runAfterAnswer(
    work(context).then(
      () => {},
      (error) =>
        context.logger.warn("replay_left_to_the_worker", {
          cause: error instanceof Error ? error.message : String(error),
        }),
    ),
  );
}
