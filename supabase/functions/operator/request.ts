import { z } from "zod";
import { plainText } from "../_shared/http/fields.ts";

/** The body of `POST operator`. */
export const operatorRequest = z.discriminatedUnion("action", [
  z.strictObject({
    /** One order's story. */
    action: z.literal("order"),
    /** orderId, paymentKey, a subscription's id, the shop's reference, or the id of a row about one. */
    id: plainText(200),
  }),
  z.strictObject({
    action: z.literal("search"),
    /** orderId, paymentKey, reference, e-mail address, or the id of a subscription or a user. */
    text: plainText(200),
  }),
  z.strictObject({
    /** A webhook of Toss is worked off again. */
    action: z.literal("replay_event"),
    /** The id of a row of webhook_events. */
    eventId: z.uuid(),
  }),
  z.strictObject({
    /** An event is sent to an endpoint again. */
    action: z.literal("replay_delivery"),
    /** The id of a row of outbox_events. */
    eventId: z.uuid(),
    endpointId: z.uuid(),
  }),
  z.strictObject({
    /** A person has dealt with a difference. */
    action: z.literal("settle_difference"),
    differenceId: z.uuid(),
  }),
]);
