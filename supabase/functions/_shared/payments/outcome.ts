import type { CancelView } from "../database/cancel.ts";
import type { PaymentView } from "../database/payments.ts";

/** How a confirm, or the issue of a virtual account, stands for whoever asked. */
export type ConfirmOutcome =
  | { kind: "confirmed"; payment: PaymentView }
  /** Toss's answer is not known yet; the worker goes on asking. */
  | { kind: "processing" }
  /** Toss refused; `code` is its own code. */
  | { kind: "refused"; code: string; status?: number | undefined }
  /** Another payment pays this order. */
  | { kind: "already_confirmed" };

/** How a cancel stands, for whoever asked. */
export type CancelOutcome =
  | { kind: "canceled"; cancel: CancelView }
  /** Toss's answer is not known yet; the worker goes on asking. */
  | { kind: "processing" }
  /** Toss refused, or its word left nothing to cancel; `code` is its own code or ours. */
  | { kind: "refused"; code: string; status?: number | undefined };
