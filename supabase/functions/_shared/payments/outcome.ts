import type { PaymentView } from "../database/payment-view.ts";

/** How a confirm stands, for whoever asked. */
export type ConfirmOutcome =
  | { kind: "confirmed"; payment: PaymentView }
  /** Toss's answer is not known yet; the worker goes on asking. */
  | { kind: "processing" }
  /** Toss refused; `code` is its own code. */
  | { kind: "refused"; code: string; status?: number | undefined }
  /** Another payment pays this order. */
  | { kind: "already_confirmed" };
