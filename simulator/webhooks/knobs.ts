import { z } from "zod";

const matchShape = {
  eventType: z.string().optional(),
  paymentKey: z.string().optional(),
  status: z.string().optional(),
  count: z.union([z.int().positive(), z.literal("always")]).default(1),
};

/**
 * What happens to the next `count` webhooks that match.
 *
 * - `drop` it is never sent (a manual resend still works)
 * - `duplicate` its first attempt is made twice
 * - `delay` its first attempt waits, in milliseconds of the virtual clock
 * - `reorder` it is held until the next webhook to the same URL was sent
 */
export const webhookKnobSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("drop"), ...matchShape }),
  z.strictObject({ kind: z.literal("duplicate"), ...matchShape }),
  z.strictObject({
    kind: z.literal("delay"),
    milliseconds: z.int().positive(),
    ...matchShape,
  }),
  z.strictObject({ kind: z.literal("reorder"), ...matchShape }),
]);

/** A knob as callers give it. */
export type WebhookKnobInput = z.input<typeof webhookKnobSchema>;

/** A knob after parsing. */
export type WebhookKnob = z.output<typeof webhookKnobSchema>;

/** Takes the first knob that matches `event`, and counts it down. */
export function takeKnob(
  knobs: WebhookKnob[],
  event: { eventType: string; paymentKey: string; status: string },
): WebhookKnob | undefined {
  const index = knobs.findIndex((knob) =>
    (knob.eventType ?? event.eventType) === event.eventType &&
    (knob.paymentKey ?? event.paymentKey) === event.paymentKey &&
    (knob.status ?? event.status) === event.status
  );
  const knob = knobs[index];
  if (knob === undefined || knob.count === "always") return knob;
  knob.count -= 1;
  if (knob.count === 0) knobs.splice(index, 1);
  return knob;
}
