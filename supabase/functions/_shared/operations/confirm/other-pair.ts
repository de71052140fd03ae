import {
  adoptTossKeys,
  type ConfirmOperation,
} from "../../database/confirm.ts";
import { heldBy, type OperationContext } from "../context.ts";

/** What Toss says to one pair of a payment that another one made: of another merchant id, or of the same. */
const WRONG_PAIR = new Set(["NOT_FOUND_PAYMENT", "INVALID_API_KEY"]);

/** Where the payment of a confirm is that its order's pair does not know. */
export type Elsewhere =
  /** With another pair: the order is that one's from now on. */
  | { kind: "adopted"; operation: ConfirmOperation }
  /** With none of the shop's. */
  | { kind: "nowhere" }
  /** Toss did not answer one of them. */
  | { kind: "unknown" };

/**
 * Looks for a payment with the shop's other key pairs, before Toss's no is believed.
 *
 * A page that opens the window with another client key than checkout answered makes a payment that the order's pair
 * does not know, and that it must not call missing.
 *
 * @param code Toss's refusal of the order's pair
 */
export async function lookElsewhere(
  context: OperationContext,
  operation: ConfirmOperation,
  code: string,
): Promise<Elsewhere> {
  if (!WRONG_PAIR.has(code)) return { kind: "nowhere" };
  const others = context.toss.present.filter(({ tossKeys }) =>
    tossKeys !== operation.tossKeys
  );
  let isSilent = false;
  for (const pair of others) {
    const { paymentKey, orderId } = operation;
    const outcome = await context.toss.of(pair).getPayment(paymentKey);
    if (outcome.kind === "unknown") isSilent = true;
    if (outcome.kind !== "answered" || outcome.value.orderId !== orderId) {
      continue;
    }
    context.logger.error("payment_of_another_pair", {
      orderId,
      paymentKey,
      orderKeys: operation.tossKeys,
      paymentKeys: pair.tossKeys,
    });
    const answer = await adoptTossKeys(context.database, {
      ...heldBy(context, operation),
      leaseSeconds: context.leaseSeconds,
      ...pair,
    });
    return answer.outcome === "adopted"
      ? { kind: "adopted", operation: answer.operation }
      : { kind: "unknown" };
  }
  return { kind: isSilent ? "unknown" : "nowhere" };
}
