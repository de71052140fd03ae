import {
  adoptChargeKeys,
  type ChargeOperation,
  skipChargeAttempts,
} from "../../database/charges.ts";
import type { MadeWith } from "../../toss/clients.ts";
import type { TossPayment } from "../../toss/payment.ts";
import { heldBy, type OperationContext } from "../context.ts";
import { noProof } from "../no-proof.ts";
import { isWithoutMoney } from "../toss-answer.ts";
import { isForeign } from "./decline.ts";
import { type ChargeOutcome, leaveChargeOpen, settleCharge } from "./finish.ts";

/** An attempt that Toss may have been asked for before the restore. */
interface Attempt {
  /** Null = the one that is held. */
  attempt: number | null;
  orderId: string;
}

/**
 * Asks Toss what was paid of a charge that was due before the database was restored, before anything is sent.
 *
 * A later attempt may have been paid after this one was declined. Then the charge goes on to it and settles it. And
 * the card may have been another one then, of the shop's other key pair: what that one was charged Toss tells to no
 * other pair, and another merchant id takes the same orderId again.
 *
 * @returns how the charge ended; null when nothing was paid, so that this attempt may be sent
 */
export async function findPaidLater(
  context: OperationContext,
  charge: ChargeOperation,
): Promise<ChargeOutcome | null> {
  if (charge.laterOrderIds.length === 0) return null;
  const held: Attempt = { attempt: null, orderId: charge.orderId };
  // This attempt's own order the same merchant id would refuse, or answer as before.
  const asked: [MadeWith, Attempt[]][] = [
    [charge, charge.laterOrderIds],
    ...otherPairs(context, charge).map((pair): [MadeWith, Attempt[]] => [
      pair,
      [held, ...charge.laterOrderIds],
    ]),
  ];
  for (const [pair, attempts] of asked) {
    for (const tried of attempts) {
      const outcome = await context.toss.of(pair).getPaymentByOrder(
        tried.orderId,
      );
      if (outcome.kind === "not_found") continue;
      if (outcome.kind !== "answered") {
        return await leaveChargeOpen(
          context,
          charge,
          noProof(outcome.code ?? "NETWORK", outcome.message),
        );
      }
      const payment = outcome.value;
      if (isWithoutMoney(payment)) continue;
      if (pair !== charge && isForeign(payment)) continue;
      return await adopt(context, charge, { tried, pair, payment });
    }
  }
  return null;
}

/** Those that can charge. */
function otherPairs(
  { toss }: OperationContext,
  charge: ChargeOperation,
): MadeWith[] {
  return toss.present.filter(({ tossKeys }) =>
    tossKeys !== "widget" && tossKeys !== charge.tossKeys
  );
}

async function adopt(
  context: OperationContext,
  charge: ChargeOperation,
  { tried, pair, payment }: {
    tried: Attempt;
    pair: MadeWith;
    payment: TossPayment;
  },
): Promise<ChargeOutcome> {
  const paid = tried.attempt === null
    ? charge
    : await skipTo(context, charge, tried.attempt);
  if (paid === null) return { kind: "processing" };
  if (pair.tossKeys !== paid.tossKeys) {
    const { tossKeys, tossClientKey } = pair;
    const { outcome } = await adoptChargeKeys(context.database, {
      ...heldBy(context, paid),
      leaseSeconds: context.leaseSeconds,
      tossKeys,
      tossClientKey,
    });
    if (outcome !== "adopted") return { kind: "processing" };
  }
  return await settleCharge(context, paid, payment);
}

async function skipTo(
  context: OperationContext,
  charge: ChargeOperation,
  attempt: number,
): Promise<ChargeOperation | null> {
  const skipped = await skipChargeAttempts(context.database, {
    ...heldBy(context, charge),
    leaseSeconds: context.leaseSeconds,
    attempt,
  });
  return skipped.outcome === "resolve" ? skipped.charge : null;
}
