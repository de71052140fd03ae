import type { Caller } from "../_shared/http/authenticate.ts";
import type { Handler } from "../_shared/http/create-function.ts";
import { processingResponse } from "../_shared/http/answers.ts";
import { amountNotTaken, cancelError } from "../_shared/http/cancel-refusal.ts";
import { readJson } from "../_shared/http/read-body.ts";
import { cancelPayment } from "../_shared/operations/cancel/begin.ts";
import { createOperationContext } from "../_shared/operations/context.ts";
import { cancelRequest } from "./request.ts";

/**
 * `POST cancel`: gives money back, all of it or a part, or gives up an order that waits for its deposit.
 *
 * 200 when it is cancelled (the same again on every repeat of its requestId), 202 while Toss's answer is not known;
 * refusals as in cancel-refusal.ts. An operator may cancel every payment, a signed-in user the own order that waits for
 * its deposit, a guest the own order that is not paid. Source: Toss, 결제 취소 (POST
 * /v1/payments/{paymentKey}/cancel).
 */
export const cancel: Handler = async (request, context) => {
  const { caller } = context;
  const body = await readJson(request, cancelRequest, context.bodyLimit);
  if (body.amount !== undefined && caller.kind !== "publishable") {
    throw amountNotTaken();
  }
  const result = await cancelPayment(
    createOperationContext(context, "cancel"),
    { ...body, requestedBy: requester(caller) },
  );
  switch (result.kind) {
    case "canceled":
      return Response.json(result.cancel);
    case "given_up":
      return Response.json({
        status: "canceled",
        orderId: result.orderId,
        paymentKey: null,
        canceledAmount: 0,
        balanceAmount: 0,
        cancels: [],
      });
    case "processing":
      return processingResponse({
        orderId: result.orderId,
        requestId: body.requestId,
      });
    default:
      throw cancelError(result, caller.kind);
  }
};

function requester(caller: Caller): string {
  switch (caller.kind) {
    case "secret":
      return "operator";
    case "user":
      return caller.userId;
    default:
      return "guest";
  }
}
