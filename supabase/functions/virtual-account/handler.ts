import { invalidField } from "../_shared/http/app-error.ts";
import { requireKeys } from "../_shared/http/chosen-keys.ts";
import type {
  Handler,
  RequestContext,
} from "../_shared/http/create-function.ts";
import { processingResponse } from "../_shared/http/answers.ts";
import { readJson } from "../_shared/http/read-body.ts";
import { shownAccount } from "../_shared/http/shown-account.ts";
import { createOperationContext } from "../_shared/operations/context.ts";
import { issueVirtualAccount } from "../_shared/operations/virtual-account/begin.ts";
import { keysOfWindow } from "../_shared/toss/key-pairs.ts";
import { virtualAccountError } from "./refusal.ts";
import { virtualAccountRequest } from "./request.ts";

/**
 * `POST virtual-account`: an account of its own for a pending order, to which the buyer transfers the money.
 *
 * 201 with the account, the same again on every repeat; 202 while Toss's answer is not known; refusals as in
 * refusal.ts. Source: Toss, 가상계좌 발급 (POST /v1/virtual-accounts).
 */
export const virtualAccount: Handler = async (request, context) => {
  const { caller } = context;
  const body = await readJson(
    request,
    virtualAccountRequest,
    context.bodyLimit,
  );
  const { clientKey } = requireKeys(
    keysOfWindow(context.services.config.toss.pairs),
  );
  const result = await issueVirtualAccount(
    createOperationContext(context, "virtual_account"),
    {
      ...body,
      tossClientKey: clientKey,
      validHours: validHours(body.validHours, context),
      userId: caller.kind === "user" ? caller.userId : null,
    },
  );
  switch (result.kind) {
    case "issued": {
      const { orderId, paymentKey, amount } = result.payment;
      const { bankCode, bankName, accountNumber, customerName, dueDate } =
        shownAccount(result.account);
      return Response.json({
        orderId,
        paymentKey,
        amount,
        virtualAccount: {
          bankCode,
          bankName,
          accountNumber,
          customerName,
          dueDate,
        },
      }, { status: 201 });
    }
    case "processing":
      return processingResponse({ orderId: body.orderId });
    default:
      throw virtualAccountError(result);
  }
};

const DEFAULT_VALID_HOURS = 24;

/** An account holds its order's stock until its deadline. */
function validHours(
  asked: number | undefined,
  { services, caller }: RequestContext,
): number {
  const { user, guest } = services.config.depositHours;
  const longest = caller.kind === "user" ? user : guest;
  if (asked === undefined) return Math.min(DEFAULT_VALID_HOURS, longest);
  if (asked <= longest) return asked;
  const problem = caller.kind === "user"
    ? `must be at most ${longest} (VIRTUAL_ACCOUNT_MAX_HOURS)`
    : `must be at most ${longest} for a guest`;
  throw invalidField("validHours", problem);
}
