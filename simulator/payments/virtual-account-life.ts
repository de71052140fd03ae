import {
  cancelWithPayment,
  issueWithPayment,
} from "../receipts/receipt-life.ts";
import type { SimulatorState } from "../state.ts";
import {
  announceDeposit,
  announcePaymentStatus,
} from "../webhooks/announce.ts";
import {
  newAccountNumber,
  newSecret,
  newTransactionKey,
} from "./identifiers.ts";
import type { Payment } from "./payment.ts";
import {
  dueAtOf,
  type RefundEnd,
  type RefundReceiveAccount,
  type VirtualAccount,
} from "./virtual-account.ts";

/** Toss docs, cancel: the money arrives two days after the cancel. */
const REFUND_MILLISECONDS = 2 * 24 * 60 * 60 * 1000;

/** Toss core API reference: 30 minutes from the opening of the window. */
const REFUND_ACCOUNT_MILLISECONDS = 30 * 60 * 1000;

/** A payment whose account was issued. */
export interface AccountPayment extends Payment {
  virtualAccount: VirtualAccount;
}

/** Tells payments with an issued account from all others. */
export function hasAccount(payment: Payment): payment is AccountPayment {
  return payment.virtualAccount !== null;
}

/** A fixed account keeps its number, which its key stands for. */
function accountNumberOf(state: SimulatorState, payment: Payment): string {
  const { accountKey } = payment.accountTerms;
  if (accountKey === undefined) return newAccountNumber();
  const earlier = [...state.payments.values()].filter(hasAccount)
    .find(({ virtualAccount }) => virtualAccount.accountKey === accountKey);
  return earlier?.virtualAccount.accountNumber ?? newAccountNumber();
}

/** READY or IN_PROGRESS → WAITING_FOR_DEPOSIT: the buyer may pay now. */
export function issueAccount(state: SimulatorState, payment: Payment): void {
  const { bank, customerName, accountKey } = payment.accountTerms;
  const account: VirtualAccount = {
    accountType: accountKey === undefined ? "일반" : "고정",
    accountKey,
    accountNumber: accountNumberOf(state, payment),
    bankCode: bank,
    customerName,
    depositorName: "",
    dueAt: dueAtOf(payment.accountTerms, state.clock.now()),
    expired: false,
    shownExpiry: state.settings.accountExpiry,
    showsDueDate: state.settings.showDueDate,
    refundStatus: "NONE",
    refundReceiveAccount: null,
    cancelRefundEnd: () => {},
  };
  payment.cancelExpiry();
  payment.status = "WAITING_FOR_DEPOSIT";
  payment.secret = newSecret();
  payment.lastTransactionKey = newTransactionKey();
  payment.virtualAccount = account;
  // Planned once: a deposit may be reversed before the deadline.
  payment.cancelExpiry = state.scheduler.at(account.dueAt, () => {
    if (payment.status === "WAITING_FOR_DEPOSIT") account.expired = true;
  });
  announceDeposit(state, payment);
}

/** WAITING_FOR_DEPOSIT → DONE: the money arrived, be it after the deadline. */
export function deposit(
  state: SimulatorState,
  payment: AccountPayment,
  depositorName: string,
): void {
  payment.status = "DONE";
  payment.approvedAt = state.clock.now();
  payment.lastTransactionKey = newTransactionKey();
  payment.approvalKey = payment.lastTransactionKey;
  payment.approvals += 1;
  payment.virtualAccount.depositorName = depositorName;
  issueWithPayment(state, payment);
  announceDeposit(state, payment);
  announcePaymentStatus(state, payment);
}

/**
 * DONE → WAITING_FOR_DEPOSIT: the bank took the deposit back (입금 오류); up to
 * version 1.4 the payment was over then.
 */
export function reverseDeposit(
  state: SimulatorState,
  payment: AccountPayment,
): void {
  const account = payment.virtualAccount;
  payment.status = state.settings.apiVersion === "1.4"
    ? "CANCELED"
    : "WAITING_FOR_DEPOSIT";
  payment.approvedAt = null;
  payment.lastTransactionKey = newTransactionKey();
  payment.approvalKey = null;
  payment.approvals -= 1;
  cancelWithPayment(state, payment, {
    amount: payment.balanceAmount,
    taxFreeAmount: payment.taxFreeAmount,
  });
  account.depositorName = "";
  account.expired ||= state.clock.now() >= account.dueAt;
  announceDeposit(state, payment);
}

/**
 * Sends the money of a cancel on its way: PENDING now, COMPLETED when it
 * arrives, unless `endRefund` decides before. Neither has a webhook.
 */
export function beginRefund(
  state: SimulatorState,
  payment: AccountPayment,
  receiver: RefundReceiveAccount,
): void {
  const account = payment.virtualAccount;
  const now = state.clock.now();
  account.cancelRefundEnd();
  account.refundStatus = "PENDING";
  account.cancelRefundEnd = state.scheduler.at(
    now + REFUND_MILLISECONDS,
    () => endRefund(account, "COMPLETED"),
  );
  const shownUntil = payment.requestedAt + REFUND_ACCOUNT_MILLISECONDS;
  if (now >= shownUntil) return;
  account.refundReceiveAccount = receiver;
  state.scheduler.at(shownUntil, () => {
    account.refundReceiveAccount = null;
  });
}

/** Decides how a refund ended. */
export function endRefund(account: VirtualAccount, end: RefundEnd): void {
  account.cancelRefundEnd();
  account.refundStatus = end;
}
