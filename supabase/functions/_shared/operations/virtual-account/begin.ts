import {
  type AccountExtras,
  beginVirtualAccount,
  type BeginVirtualAccountAnswer,
} from "../../database/virtual-account.ts";
import { newLease, type OperationContext } from "../context.ts";
import { orProcessing } from "../no-proof.ts";
import { type Attempt, settled, untilSettled } from "../until-settled.ts";
import { accountOf, resultOf, type VirtualAccountResult } from "./finish.ts";
import { resolveVirtualAccount } from "./resolve.ts";
import { sendVirtualAccount } from "./send.ts";

/** The account that a buyer wants. */
export interface VirtualAccountRequest extends AccountExtras {
  orderId: string;
  /** Toss's code of the bank. */
  bank: string;
  customerName: string;
  /** Hours until the deposit is due. */
  validHours: number;
  /** The receipt that Toss is to issue with the deposit. */
  cashReceipt?: {
    type: string;
    /** Digits. */
    registrationNumber?: string | undefined;
  } | undefined;
  /** Null for a guest. */
  userId: string | null;
  /** Of the main pair, which is the one that accounts are made with. */
  tossClientKey: string;
}

/**
 * Issues a virtual account for a pending order: intent, Toss, record. Two database round trips and one call to
 * Toss.
 *
 * An order gets one account, however often it is asked for; while another caller is at it, this one waits a while.
 *
 * @throws DatabaseError when the intent could not be written; Toss was not asked
 */
export async function issueVirtualAccount(
  context: OperationContext,
  { cashReceipt, ...request }: VirtualAccountRequest,
): Promise<VirtualAccountResult> {
  const operationId = crypto.randomUUID();
  const number = cashReceipt?.registrationNumber;
  const begin = {
    ...request,
    ...newLease(context),
    operationId,
    ...(cashReceipt === undefined ? {} : { cashReceiptType: cashReceipt.type }),
    ...(number === undefined ? {} : {
      secret: await context.keyring.encrypt(number, operationId),
    }),
  };
  return await untilSettled(
    context.random,
    async () =>
      await attempt(
        context,
        await beginVirtualAccount(context.firstCall, begin),
      ),
  );
}

async function attempt(
  context: OperationContext,
  begun: BeginVirtualAccountAnswer,
): Promise<Attempt<VirtualAccountResult>> {
  switch (begun.outcome) {
    case "proceed":
    case "resolve": {
      const finish = begun.outcome === "proceed"
        ? sendVirtualAccount
        : resolveVirtualAccount;
      const outcome = await orProcessing(context, begun.operation, finish);
      return settled(resultOf(outcome));
    }
    case "processing":
      return { isSettled: false, result: { kind: "processing" } };
    case "issued":
      return settled(accountOf(begun.payment));
    default:
      return settled({ kind: "refused_locally", reason: begun.outcome });
  }
}
