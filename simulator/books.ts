import type { Cancel, Payment } from "./payments/payment.ts";
import type { AccountTerms } from "./payments/virtual-account.ts";
import { virtualAccountBody } from "./payments/virtual-account-body.ts";

/** What the simulator's ledger says about one payment; amounts in KRW. */
export interface Book {
  paymentKey: string;
  orderId: string;
  /** The merchant whose payment it is. */
  merchantId: string;
  /** The client key of the pair that made it. */
  clientKey: string;
  type: Payment["type"];
  status: Payment["status"];
  method: Payment["method"];
  totalAmount: number;
  balanceAmount: number;
  /** How many times money was taken and stayed; a reversed deposit did not. */
  approvals: number;
  /** `approvals` times `totalAmount`. */
  takenAmount: number;
  /** What was given back; a cancel before the deposit gives nothing back. */
  canceledAmount: number;
  cancels: Cancel[];
  /** As the Payment object shows it; null without an issued account. */
  virtualAccount: ReturnType<typeof virtualAccountBody> | null;
  /** When a deposit is due, milliseconds since the Unix epoch; null without an account. */
  depositDueAt: number | null;
  /** How the account was asked for; null without an account. */
  accountRequest: AccountRequest | null;
  /** SHA-256 in hex of the billing key that was charged, else null. */
  keyDigest: string | null;
}

type AccountRequest = Pick<
  AccountTerms,
  "useEscrow" | "escrowProducts" | "customerEmail" | "customerMobilePhone"
>;

function accountRequestOf({ accountTerms }: Payment): AccountRequest {
  const { useEscrow, escrowProducts, customerEmail, customerMobilePhone } =
    accountTerms;
  return structuredClone({
    useEscrow,
    escrowProducts,
    customerEmail,
    customerMobilePhone,
  });
}

/** Copies one payment into the ledger's shape. */
export function bookOf(payment: Payment): Book {
  const { approvals, virtualAccount } = payment;
  const canceledAmount = payment.cancels
    .reduce((sum, cancel) => sum + cancel.cancelAmount, 0);
  return {
    paymentKey: payment.paymentKey,
    orderId: payment.orderId,
    merchantId: payment.keyPair.merchantId,
    clientKey: payment.keyPair.clientKey,
    type: payment.type,
    status: payment.status,
    method: payment.method,
    totalAmount: payment.totalAmount,
    balanceAmount: payment.balanceAmount,
    approvals,
    takenAmount: approvals * payment.totalAmount,
    canceledAmount: approvals === 0 ? 0 : canceledAmount,
    cancels: structuredClone(payment.cancels),
    virtualAccount: virtualAccount &&
      structuredClone(virtualAccountBody(virtualAccount)),
    depositDueAt: virtualAccount?.dueAt ?? null,
    accountRequest: virtualAccount && accountRequestOf(payment),
    keyDigest: payment.keyDigest,
  };
}
