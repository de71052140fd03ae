import type { PaymentSource } from "../database/lease.ts";
import { withRetries } from "../database/client.ts";
import type { RequestContext } from "../http/create-function.ts";
import type { OperationContext } from "../payments/operation-context.ts";

/** What a request handler hands to the code that acts on operations. */
export function createOperationContext(
  { services, logger, requestId }: RequestContext,
  source: PaymentSource,
): OperationContext {
  return {
    database: withRetries(services.database),
    toss: services.toss(logger),
    logger,
    source,
    requestId,
    random: Math.random,
    keyring: services.keyring,
    dunning: services.config.dunning,
    leaseSeconds: services.leaseSeconds,
    mode: services.config.toss.mode,
    depositHours: services.config.depositHours,
  };
}
