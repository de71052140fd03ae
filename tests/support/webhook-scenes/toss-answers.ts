import type { Purchase } from "../buy.ts";
import type { Shop } from "../shop.ts";

/**
 * Lets Toss answer questions about a payment with these fields changed, until it is called again: each change for
 * one answer, the last for all that follow.
 *
 * For what the simulator does not play, such as asynchronous cancels.
 */
export function tossAnswers(
  { simulator }: Shop,
  { paymentKey, orderId }: Purchase,
  ...patches: Record<string, unknown>[]
): void {
  simulator.clearFaults();
  patches.forEach((patch, index) =>
    simulator.addFault({
      kind: "wrong_answer",
      method: "GET",
      pathPattern: `${paymentKey}|${orderId}`,
      patch,
      count: index === patches.length - 1 ? "always" : 1,
    })
  );
}
