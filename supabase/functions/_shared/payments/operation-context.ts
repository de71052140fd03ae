import type { DepositHours } from "../database/apply-payment.ts";
import type { PaymentSource } from "../database/lease.ts";
import type { DunningPolicy } from "../database/subscriptions.ts";
import type { Database } from "../database/client.ts";
import type { Logger } from "../logger.ts";
import type { Keyring } from "../security/encryption.ts";
import type { TossClient } from "../toss/client.ts";

/** What acting on an operation needs, and on whose behalf it happens. */
export interface OperationContext {
  /** Calls again on failure: what it carries is Toss's word and must not be lost. */
  database: Database;
  toss: TossClient;
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
