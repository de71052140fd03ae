import type { Model, Plan, Subscription } from "./state.ts";

function isRival(one: Plan, other: Plan): boolean {
  return one.id === other.id ||
    (one.group !== null && one.group === other.group);
}

/** Whether the user has, will have or is being charged for a plan or a rival of it. */
export function isClaimed(
  model: Model,
  plan: Plan,
  except: Subscription | null,
): boolean {
  const live = model.subscriptions.filter((one) =>
    one !== except && one.status !== "canceled"
  );
  return model.starts.some((start) => isRival(start.plan, plan)) ||
    model.subscriptions.some((one) =>
      // Also of one that has ended since: whether it was paid is not known.
      one !== except && one.open?.kind === "upgrade" &&
      isRival(one.open.plan, plan)
    ) ||
    live.some((one) =>
      isRival(one.plan, plan) || (one.next !== null && isRival(one.next, plan))
    );
}
