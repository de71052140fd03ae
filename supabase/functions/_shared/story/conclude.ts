import type { Ending, Facts, Rule } from "./facts.ts";
import * as after from "./rules/after.ts";
import * as deposits from "./rules/deposits.ts";
import * as keys from "./rules/keys.ts";
import * as money from "./rules/money.ts";
import { orderIsOverdue, quiet } from "./rules/quiet.ts";
import * as refunds from "./rules/refunds.ts";
import * as subscriptions from "./rules/subscriptions.ts";

/**
 * In the order in which they count: without keys nothing can be asked; money that is wrong comes before what is only
 * late; what follows a payment comes after the payment.
 */
const RULES: readonly Rule[] = [
  keys.keysAreGone,
  keys.keysAreWrong,
  keys.encryptionIsGone,
  money.secondPayment,
  money.answerMismatch,
  money.openOperation,
  money.openDifference,
  money.differsNow,
  refunds.transferFailed,
  refunds.refundNotProven,
  refunds.refundAborted,
  refunds.withdrawal,
  money.paidWithoutStock,
  deposits.deadlinePassed,
  after.webhookWaits,
  subscriptions.chargeIsOverdue,
  subscriptions.cardIsNeeded,
  subscriptions.userIsGone,
  orderIsOverdue,
  refunds.refundRefused,
  money.settledOtherwise,
  after.receiptInDoubt,
  after.hookIsOwed,
  after.deliveryFailed,
  after.noticeNotSent,
  subscriptions.periodNotPaid,
  deposits.deadlineIsFar,
  after.taxSplitDiffers,
];

/** How a story ends: the first thing to do, or that nothing is. */
export function conclude(facts: Facts): Ending {
  for (const rule of RULES) {
    const ending = rule(facts);
    if (ending !== null) return ending;
  }
  return quiet(facts);
}
