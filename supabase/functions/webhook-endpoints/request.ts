import { z } from "zod";
import { EVENT_TYPES } from "../_shared/events/catalogue.ts";
import { plainText } from "../_shared/http/fields.ts";
import { MAXIMUM_URL_LENGTH } from "../_shared/outgoing/address/check-target.ts";

const eventType = z.string().refine(
  (type) => EVENT_TYPES.includes(type),
  "must be a type of docs/events.md",
);

const createRequest = z.strictObject({
  action: z.literal("create"),
  url: plainText(MAXIMUM_URL_LENGTH),
  eventTypes: z.array(eventType).min(1).max(100).optional(),
  description: plainText(200).optional(),
});

/** A {@link endpointRequest} that makes an endpoint. */
export type CreateRequest = z.output<typeof createRequest>;

const changeRequest = (action: "rotate" | "test" | "enable" | "disable") =>
  z.strictObject({ action: z.literal(action), id: z.uuid() });

/** The body of `POST webhook-endpoints`. */
export const endpointRequest = z.discriminatedUnion("action", [
  createRequest,
  changeRequest("rotate"),
  changeRequest("test"),
  changeRequest("enable"),
  changeRequest("disable"),
]);
