import type { VirtualAccountOperation } from "../../database/virtual-account.ts";
import { isVirtualAccount } from "../../toss/is-virtual-account.ts";
import type { TossRefused } from "../../toss/outcome.ts";
import type { OperationContext } from "../context.ts";
import { openIdentity } from "../receipt-identity.ts";
import { noProof, REPEATED, unprovenAnswer } from "../no-proof.ts";
import { type ConfirmOutcome, leaveOpen, settlePaying } from "../paying.ts";
import { judgeRefusal, unprovenRefusal } from "../refusal.ts";
import { happenedBefore } from "../toss-answer.ts";
import { taxFreePart } from "../tax-free-part.ts";
import { refuseAccount } from "./finish.ts";

/**
 * Asks Toss for a virtual account, and finishes the operation with the answer.
 *
 * The lease outlasts the client's timeout, so nobody else acts on the order meanwhile. Source: Toss, 가상계좌 발급
 * (POST /v1/virtual-accounts).
 */
export async function sendVirtualAccount(
  context: OperationContext,
  operation: VirtualAccountOperation,
): Promise<ConfirmOutcome> {
  const { orderId, orderName, amount, bank, customerName, validHours } =
    operation;
  const receipt = await receiptPart(context, operation);
  if (receipt === null) return await leaveOpen(context, operation, UNREADABLE);
  const outcome = await context.toss.of(operation).issueVirtualAccount(
    {
      orderId,
      orderName,
      amount,
      bank,
      customerName,
      validHours,
      ...taxFreePart(operation),
      ...receipt,
      ...escrowPart(operation),
      ...addressPart(operation),
    },
    { idempotencyKey: operation.idempotencyKey },
  );
  switch (outcome.kind) {
    case "answered":
      return happenedBefore(operation, outcome.value.requestedAt) ||
          outcome.value.virtualAccount?.accountNumber == null
        ? await readRecord(context, operation)
        : await settlePaying(context, operation, outcome.value);
    case "refused":
      return await judge(context, operation, outcome);
    case "unknown":
      return await leaveOpen(
        context,
        operation,
        unprovenAnswer(outcome, operation),
      );
  }
}

const UNREADABLE = noProof(
  "RECEIPT_NUMBER_UNREADABLE",
  "The key that encrypted the receipt's number is gone.",
);

/** The receipt that is asked for with the account; null when its number cannot be opened. */
async function receiptPart(
  context: OperationContext,
  { operationId, cashReceiptType: type, secret }: VirtualAccountOperation,
) {
  if (type === undefined) return {};
  if (secret === null) return { cashReceipt: { type } };
  const registrationNumber = await openIdentity(context, secret, operationId);
  return registrationNumber === null
    ? null
    : { cashReceipt: { type, registrationNumber } };
}

function escrowPart({ escrow, escrowProducts }: VirtualAccountOperation) {
  return escrow === true
    ? {
      useEscrow: true,
      ...(escrowProducts === undefined ? {} : { escrowProducts }),
    }
    : {};
}

function addressPart(
  { customerEmail, customerMobilePhone }: VirtualAccountOperation,
) {
  return {
    ...(customerEmail === undefined ? {} : { customerEmail }),
    ...(customerMobilePhone === undefined ? {} : { customerMobilePhone }),
  };
}

async function judge(
  context: OperationContext,
  operation: VirtualAccountOperation,
  refusal: TossRefused,
): Promise<ConfirmOutcome> {
  const judgement = judgeRefusal("virtual_account", operation, refusal.code);
  if (judgement.endsAtOnce) {
    return await refuseAccount(context, operation, refusal);
  }
  const outcome = await context.toss.of(operation).getPaymentByOrder(
    operation.orderId,
  );
  if (outcome.kind === "answered" && isVirtualAccount(outcome.value)) {
    return await settlePaying(context, operation, outcome.value);
  }
  // A payment that the buyer began in the window says nothing about the account.
  const isNothingThere = outcome.kind === "answered" ||
    outcome.kind === "not_found";
  return isNothingThere && judgement.proof === "nothing" &&
      judgement.isLastWord
    ? await refuseAccount(context, operation, refusal)
    : await leaveOpen(context, operation, unprovenRefusal(refusal, judgement));
}

/**
 * How the account stands is in Toss's record alone: the answer repeats what was so before a restore, or leaves out
 * the number that the buyer waits for.
 */
async function readRecord(
  context: OperationContext,
  operation: VirtualAccountOperation,
): Promise<ConfirmOutcome> {
  const outcome = await context.toss.of(operation).getPaymentByOrder(
    operation.orderId,
  );
  return outcome.kind === "answered" && isVirtualAccount(outcome.value)
    ? await settlePaying(context, operation, outcome.value)
    : await leaveOpen(context, operation, REPEATED);
}
