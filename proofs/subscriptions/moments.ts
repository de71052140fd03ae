import { MINUTE } from "./calendar.ts";
import { nextEvent } from "./due.ts";
import type { Model } from "./state.ts";
import { isRefundOpen } from "./undo.ts";

/** Longer than a lease and the pauses between questions. */
export const PATIENCE = 6 * MINUTE;
/** Events are met a little late, as by a job that runs every minute. */
const LATE = MINUTE;

/** A moment at which nothing begins or ends, not even for a model whose times are seconds early. */
export function clearOf(models: readonly Model[], time: number): number {
  const boundaries = models.flatMap(({ subscriptions }) =>
    subscriptions.flatMap((one) => [
      nextEvent(one) ?? 0,
      ...one.spans.flatMap(({ from, to }) => [from, to]),
    ])
  );
  for (;;) {
    const near = boundaries.filter((at) => Math.abs(at - time) < LATE / 2);
    if (near.length === 0) return time;
    time = Math.max(...near) + LATE;
  }
}

/** The next event of the model, or the moment at which what is open can be asked about. */
export function nextMoment(model: Model, now: number): number {
  const isOpen = model.starts.length > 0 ||
    model.registrations.length > 0 ||
    model.subscriptions.some(({ open }) => open !== null) ||
    model.payments.some(isRefundOpen);
  const events = model.subscriptions.map(nextEvent)
    .filter((at) => at !== null)
    .map((at) => Math.max(at, now) + LATE);
  return isOpen || events.length === 0 ? now + PATIENCE : Math.min(...events);
}
