import {
  newApproveNumber,
  newTransactionKey,
} from "../payments/identifiers.ts";
import type { Cancel, Payment } from "../payments/payment.ts";
import type { SimulatorState } from "../state.ts";
import type { CashReceipt } from "./cash-receipt.ts";

/** The state that receipts need. */
export type ReceiptState = Pick<
  SimulatorState,
  "clock" | "scheduler" | "settings" | "cashReceipts"
>;

type NewReceipt = Omit<
  CashReceipt,
  | "receiptKey"
  | "issueNumber"
  | "issueStatus"
  | "failureCode"
  | "requestedAt"
  | "canceledAmount"
>;

/** Asks the tax office, which answers at once unless the settings say how long it takes, or that it refuses. */
function addReceipt(state: ReceiptState, input: NewReceipt): CashReceipt {
  const { cashReceiptSeconds, cashReceiptFailure } = state.settings;
  const now = state.clock.now();
  const receipt: CashReceipt = {
    ...input,
    receiptKey: newTransactionKey().replace("txrd", "cr"),
    issueNumber: `G${newApproveNumber()}`,
    issueStatus: "IN_PROGRESS",
    failureCode: null,
    requestedAt: now,
    canceledAmount: 0,
  };
  const end = () => {
    receipt.issueStatus = cashReceiptFailure === null ? "COMPLETED" : "FAILED";
    receipt.failureCode = cashReceiptFailure;
    const failed = receipt.issueStatus === "FAILED" &&
      state.cashReceipts.find(({ receiptKey }) =>
        receiptKey === receipt.canceledReceiptKey
      );
    if (failed) failed.canceledAmount -= receipt.amount;
  };
  state.cashReceipts.push(receipt);
  if (cashReceiptSeconds === 0) end();
  else state.scheduler.at(now + cashReceiptSeconds * 1000, end);
  return receipt;
}

/** Issues a receipt, however many the order has: Toss checks neither (measured). */
export function issueReceipt(
  state: ReceiptState,
  input: Omit<NewReceipt, "transactionType" | "canceledReceiptKey">,
): CashReceipt {
  return addReceipt(state, {
    ...input,
    transactionType: "CONFIRM",
    canceledReceiptKey: null,
  });
}

/** Cancels a receipt or a part of it; the caller has checked the amount. */
export function cancelReceipt(
  state: ReceiptState,
  receipt: CashReceipt,
  amount: number,
  taxFreeAmount = 0,
): CashReceipt {
  receipt.canceledAmount += amount;
  const { keyPair, orderId, orderName, type, customerIdentityNumber, payment } =
    receipt;
  return addReceipt(state, {
    keyPair,
    orderId,
    orderName,
    type,
    customerIdentityNumber,
    payment,
    transactionType: "CANCEL",
    amount,
    taxFreeAmount,
    canceledReceiptKey: receipt.receiptKey,
  });
}

/** Issues the receipt that the buyer wanted with the payment, now that its money is there. */
export function issueWithPayment(state: ReceiptState, payment: Payment): void {
  const { receiptTerms: terms, keyPair, orderId, orderName } = payment;
  if (terms === null || terms.type === "미발행") return;
  issueReceipt(state, {
    keyPair,
    orderId,
    orderName,
    type: terms.type,
    amount: payment.balanceAmount,
    taxFreeAmount: payment.taxFreeAmount,
    customerIdentityNumber: terms.registrationNumber ?? "0100001234",
    payment,
  });
}

/** Takes back from the payment's own receipt what goes back to the buyer; what was asked for apart stays. */
export function cancelWithPayment(
  state: ReceiptState,
  payment: Payment,
  { amount, taxFreeAmount }: { amount: number; taxFreeAmount: number },
): Cancel["receiptKey"] {
  const receipt = receiptsOf(state, payment).find((candidate) =>
    candidate.transactionType === "CONFIRM" &&
    candidate.issueStatus !== "FAILED" &&
    candidate.amount - candidate.canceledAmount >= amount
  );
  return receipt === undefined
    ? null
    : cancelReceipt(state, receipt, amount, taxFreeAmount).receiptKey;
}

/** The receipts, and the cancels of them, that Toss made with a payment. */
export function receiptsOf(
  { cashReceipts }: Pick<SimulatorState, "cashReceipts">,
  payment: Payment,
): CashReceipt[] {
  return cashReceipts.filter((receipt) => receipt.payment === payment);
}
