import { findKnownPayment } from "../_shared/database/known-payment.ts";
import { AppError } from "../_shared/http/app-error.ts";
import type {
  Handler,
  RequestContext,
} from "../_shared/http/create-function.ts";
import { readJson } from "../_shared/http/read-body.ts";
import { readStory } from "../_shared/story/story.ts";
import { operatorRequest } from "./request.ts";

/**
 * `POST operator`: what the shop's own people ask, with the secret key.
 *
 * `order` answers 200 with one order's story, as `toss order --json` prints it; 404 `order_not_found`. It changes
 * nothing.
 */
export const operator: Handler = async (request, context) => {
  const body = await readJson(request, operatorRequest, context.bodyLimit);
  switch (body.action) {
    case "order":
      return Response.json(await tell(context, body.id));
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
