import { z } from "zod";
import {
  decideWithdrawal,
  markUsed,
  requestWithdrawal,
} from "../_shared/database/withdrawals.ts";
import { processingResponse } from "../_shared/http/answers.ts";
import { AppError } from "../_shared/http/app-error.ts";
import type {
  Handler,
  RequestContext,
} from "../_shared/http/create-function.ts";
import { parseInput, readJson } from "../_shared/http/read-body.ts";
import { acceptWithdrawal } from "../_shared/operations/cancel/accept-withdrawal.ts";
import { createOperationContext } from "../_shared/operations/context.ts";
import {
  acceptanceError,
  decisionError,
  orderNotFound,
  requestError,
} from "./refusal.ts";
import {
  type ShopsRequest,
  shopsRequest,
  withdrawalRequest,
} from "./request.ts";

/**
 * `POST withdrawal` (청약철회): a buyer asks to give an own order back, the shop decides.
 *
 * 201 with the withdrawal and when it is due, the same again on every repeat of its requestId; 200 with the one that
 * is open when another is asked for. With `action` the shop accepts (200 with the refund, 202 while Toss's answer is
 * not known), refuses, or says that something was used. Refusals as in refusal.ts.
 */
export const withdrawal: Handler = async (request, context) => {
  const body = await readJson(request, z.looseObject({}), context.bodyLimit);
  if (!("action" in body)) return await ask(context, body);
  if (context.caller.kind !== "secret") {
    throw new AppError("forbidden", "Only a secret key decides a withdrawal.");
  }
  const decided = parseInput(body, shopsRequest);
  switch (decided.action) {
    case "accept":
      return await accept(context, decided);
    case "refuse":
      return await refuse(context, decided);
    case "mark_used":
      return await mark(context, decided);
  }
};

async function ask(
  { caller, services, requestId }: RequestContext,
  body: unknown,
): Promise<Response> {
  const answer = await requestWithdrawal(services.database, {
    ...parseInput(body, withdrawalRequest),
    requestedBy: caller.kind === "user" ? caller.userId : "operator",
    logRequestId: requestId,
  });
  switch (answer.outcome) {
    case "requested":
    case "known": {
      const { withdrawalId, dueAt } = answer;
      return Response.json({ withdrawalId, status: "requested", dueAt }, {
        status: answer.outcome === "requested" ? 201 : 200,
      });
    }
    default:
      throw requestError(answer);
  }
}

async function accept(
  context: RequestContext,
  accepted: Extract<ShopsRequest, { action: "accept" }>,
): Promise<Response> {
  const { withdrawalId } = accepted;
  const result = await acceptWithdrawal(
    createOperationContext(context, "cancel"),
    accepted,
  );
  switch (result.kind) {
    case "canceled":
      return Response.json({
        withdrawalId,
        status: "accepted",
        refund: result.cancel,
      });
    case "processing":
      return processingResponse({ withdrawalId });
    // Only a guest gives an order up.
    case "given_up":
      throw new Error("an order without a payment was accepted");
    default:
      throw acceptanceError(result);
  }
}

async function refuse(
  { services, requestId }: RequestContext,
  refused: Extract<ShopsRequest, { action: "refuse" }>,
): Promise<Response> {
  const answer = await decideWithdrawal(services.database, {
    ...refused,
    logRequestId: requestId,
    mode: services.config.toss.mode,
  });
  switch (answer.outcome) {
    case "refused":
      return Response.json({
        withdrawalId: answer.withdrawalId,
        status: "refused",
      });
    case "withdrawal_not_found":
    case "already_decided":
      throw decisionError(answer);
    default:
      throw new Error("a refusal was answered as an acceptance");
  }
}

async function mark(
  { services: { database } }: RequestContext,
  { orderId, productId }: Extract<ShopsRequest, { action: "mark_used" }>,
): Promise<Response> {
  const answer = await markUsed(database, { orderId, productId });
  switch (answer.outcome) {
    case "used":
      return Response.json({ orderId, items: answer.items });
    case "order_not_found":
      throw orderNotFound();
    case "product_not_found":
      throw new AppError(
        "product_not_found",
        "The order has no line with this productId.",
      );
  }
}
