import type { FaultInput } from "../../simulator/faults/fault.ts";
import type { Shop } from "./shop.ts";

/**
 * Plants a fault for one request of ours. `fetch` sends a POST again by itself when a connection that it had used
 * before breaks, so that an answer is lost only when the repeat's is lost too.
 *
 * @returns ends it, once the request is over
 */
export function plantOnce({ simulator }: Shop, fault: FaultInput): () => void {
  const isLost = fault.kind === "lose_answer_after" ||
    fault.kind === "lose_answer_before";
  simulator.addFault(isLost ? { ...fault, count: "always" } : fault);
  return () => {
    if (isLost) simulator.clearFaults();
  };
}
