import { type ReceiptBook, receiptBookOf } from "../receipts/cash-receipt.ts";
import type { SimulatorState } from "../state.ts";

/** What tests read of cash receipts. */
export interface ReceiptControls {
  /** Every receipt and every cancel of one, in order of creation, without whom it is for. */
  cashReceipts(): ReceiptBook[];
}

/** Builds the controls of cash receipts. */
export function receiptControls(state: SimulatorState): ReceiptControls {
  return { cashReceipts: () => state.cashReceipts.map(receiptBookOf) };
}
