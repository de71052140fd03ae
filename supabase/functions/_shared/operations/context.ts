import { type Database, withRetries } from "../database/client.ts";
import type { DepositHours } from "../database/apply-payment.ts";
import type {
  EndRequest,
  LeasedOperation,
  LeaseRequest,
  PaymentSource,
} from "../database/lease.ts";
import { findKnownPayment } from "../database/known-payment.ts";
import type { DunningPolicy } from "../database/subscriptions.ts";
import type { Logger } from "../logger.ts";
import type { Keyring } from "../security/encryption.ts";
import type { Services } from "../services.ts";
import type { TossClients } from "../toss/clients.ts";

/** What acting on an operation needs, and on whose behalf it happens. */
export interface OperationContext {
  /** Calls again on failure: what it carries is Toss's word and must not be lost. */
  database: Database;
  /** Without retries, for what begins: nothing has happened at Toss yet, so a failure may simply be answered. */
  firstCall: Database;
  /** Asked with the pair that made what it is asked about. */
  toss: TossClients;
  logger: Logger;
  source: PaymentSource;
  requestId: string;
  random: () => number;
  /** Opens what an operation keeps until it has ended, and billing keys. */
  keyring: Keyring;
  dunning: DunningPolicy;
  leaseSeconds: number;
  mode: "test" | "live";
  depositHours: DepositHours;
  /** As of which time a run with test keys acts (ISO 8601); null or absent = now. */
  asOf?: string | null;
}

/** What a request brings to the code that acts on operations. */
export interface ActingRequest {
  services: Services;
  logger: Logger;
  requestId: string;
}

/** What a request handler hands to the code that acts on operations. */
export function createOperationContext(
  { services, logger, requestId }: ActingRequest,
  source: PaymentSource,
): OperationContext {
  return {
    database: withRetries(services.database),
    firstCall: services.database,
    toss: services.toss(
      logger,
      (made) => findKnownPayment(services.database, made),
    ),
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

/** A new lease for what is begun or claimed. */
export function newLease(
  { leaseSeconds, mode, requestId }: OperationContext,
): LeaseRequest {
  return { leaseToken: crypto.randomUUID(), leaseSeconds, mode, requestId };
}

/** By whom a leased operation ends, or is left open. */
export function heldBy(
  { source, requestId }: OperationContext,
  { operationId, leaseToken }: Pick<
    LeasedOperation,
    "operationId" | "leaseToken"
  >,
): EndRequest {
  return { operationId, leaseToken, source, requestId };
}
