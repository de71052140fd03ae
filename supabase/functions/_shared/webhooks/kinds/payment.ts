import { judgeByAnswer } from "./apply-answer.ts";
import { askToss } from "./ask-toss.ts";
import type { Judge } from "./verdict.ts";

/**
 * A payment or one of its cancels has changed: Toss is asked, and its answer alone is applied.
 *
 * The cancel of an asynchronous payment method has found its payment by its transactionKey when it was stored.
 */
export const judgePayment: Judge = async (context, event) => {
  const asked = await askToss(context, event);
  if (asked.payment === null) return asked.verdict;
  return await judgeByAnswer(context, event, {
    payment: asked.payment,
    verifiedBy: "re-query",
  });
};
