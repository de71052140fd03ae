import { z } from "zod";
import type { Database } from "./client.ts";

/** An endpoint as the API answers it; its secret is told only when it is made. */
export const endpointView = z.object({
  id: z.string(),
  url: z.string(),
  /** Null: all. */
  eventTypes: z.array(z.string()).nullable(),
  status: z.enum(["active", "disabled"]),
  description: z.string().nullable(),
  createdAt: z.string(),
  disabledAt: z.string().nullable(),
  disabledReason: z.string().nullable(),
});

/** An endpoint without its secret. */
export type EndpointView = z.output<typeof endpointView>;

/** A secret as it is stored: bound to the id of its row. */
export interface SealedSecret {
  secretId: string;
  keyId: string;
  ciphertext: string;
}

const created = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("created"), endpoint: endpointView }),
  z.object({ outcome: z.literal("too_many_endpoints") }),
]);

/** Makes an endpoint; see the comment on `public.create_webhook_endpoint`. */
export function createEndpoint(
  database: Database,
  request: SealedSecret & {
    endpointId: string;
    url: string;
    eventTypes: readonly string[] | null;
    description: string | null;
  },
): Promise<z.output<typeof created>> {
  return database.call("create_webhook_endpoint", { ...request }, created);
}

const changed = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("changed"), endpoint: endpointView }),
  z.object({ outcome: z.literal("endpoint_not_found") }),
  z.object({ outcome: z.literal("endpoint_disabled") }),
]);

/** Changes an endpoint; see the comment on `public.change_webhook_endpoint`. */
export function changeEndpoint(
  database: Database,
  request: {
    endpointId: string;
    action: "rotate" | "test" | "enable" | "disable";
  } & Partial<SealedSecret>,
): Promise<z.output<typeof changed>> {
  return database.call("change_webhook_endpoint", { ...request }, changed);
}
