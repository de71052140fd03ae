import { isClaimed } from "./claims.ts";
import type { Model, Payment, Plan, Subscription } from "./state.ts";

/** The payments of the current period, the latest last. */
export function paymentsOfPeriod(of: Subscription): Payment[] {
  return of.payments.filter((one) => one.period === of.period);
}

/** Whether the shop does not know yet that what it promised went back. */
export function isRefundOpen({ promised, isUnproven }: Payment): boolean {
  return promised > 0 || isUnproven;
}

/** The payments of the current period that still hold money, the latest last. */
export function heldPayments(of: Subscription): Payment[] {
  return paymentsOfPeriod(of).filter((one) => one.refunded < one.least);
}

/** The payments of the current period from the one in force on back, and the plan before those that were refunded. */
function inForce(of: Subscription): { plan: Plan | null; left: Payment[] } {
  const left = paymentsOfPeriod(of);
  let plan: Plan | null = null;
  for (;;) {
    const last = left.at(-1);
    if (last === undefined || last.refunded < last.least) break;
    if (last.earlier !== null) plan = last.earlier;
    left.pop();
  }
  return { plan, left };
}

/**
 * Goes back from upgrades that were refunded in full. While a charge is open, or when another subscription has the
 * plan before them, plan and access stay, and what is left of the money goes on paying for them.
 */
export function undoLater(model: Model, of: Subscription): void {
  if (of.status !== "active") return;
  const { plan, left } = inForce(of);
  const paying = left.at(-1);
  if (plan === null || paying === undefined) return;
  if (of.open === null && !isClaimed(model, plan, of)) {
    of.payments = of.payments.filter((one) =>
      one.period !== of.period || left.includes(one)
    );
    if (of.next?.id === plan.id && of.next.price === plan.price) of.next = null;
    of.plan = plan;
  }
  of.spans = of.spans.filter(({ payment }) => payment !== paying);
  of.spans.push({
    plan: of.plan.id,
    from: paying.from,
    to: paying.to,
    payment: paying,
  });
}
