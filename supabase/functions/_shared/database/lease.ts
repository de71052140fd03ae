import { z } from "zod";

/** Which of the shop's key pairs made, or is to make, something at Toss: `orders.toss_keys`. */
export const tossKeys = z.enum(["main", "widget", "billing"]);

/** One of {@linkcode tossKeys}. */
export type TossKeys = z.output<typeof tossKeys>;

/** With which keys something was made at Toss, and is asked about for as long as it lives. */
export const madeWith = {
  tossKeys,
  /** The client key of the pair when it was made; null when nobody told. */
  tossClientKey: z.string().nullable(),
};

/** What the holder of any leased operation needs. */
export const leased = {
  operationId: z.string(),
  idempotencyKey: z.string(),
  ...madeWith,
  /** 1 until Toss has answered with an error; from then on an earlier key may have had an effect. */
  keyGeneration: z.number().int(),
  /** Since when the key exists; of a later one: since the try before it was answered. */
  keyAgeSeconds: z.number(),
  /** Toss's refusal of the last try, when its record has not confirmed it yet. */
  refusedWith: z.string().nullable(),
  leaseToken: z.string(),
  /** False when Toss may have forgotten the key: then Toss is asked, nothing is sent again. */
  keyIsFresh: z.boolean(),
  attempts: z.number().int(),
  ageSeconds: z.number(),
  /** The database's time just before Toss is asked. */
  askedAt: z.string(),
};

const leasedOperation = z.object(leased);

/** An operation of which only what all kinds have in common matters. */
export type LeasedOperation = z.output<typeof leasedOperation>;

/** Who may act on what is begun, for how long and with which keys of Toss. */
export interface LeaseRequest {
  leaseToken: string;
  leaseSeconds: number;
  mode: "test" | "live";
  /** Stands in the audit log. */
  requestId: string;
}

/** How many due rows a worker takes, and for how long they are its own. */
export interface ClaimRequest
  extends Pick<LeaseRequest, "leaseToken" | "leaseSeconds"> {
  limit: number;
  /** Takes what is due at this time (ISO 8601) instead of now; null = now. */
  asOf: string | null;
}

/** Rows that nobody else acts on while the lease lasts, and how many more are due. */
export interface Claimed<Item> {
  items: Item[];
  remaining: number;
}

/** Why Toss was asked. */
export type PaymentSource =
  | "confirm"
  | "cancel"
  | "virtual_account"
  | "billing"
  | "cash_receipt"
  | "webhook"
  | "worker"
  | "reconcile"
  | "operator";

/** Which leased operation ends, or is left open, and on whose behalf. */
export interface EndRequest {
  operationId: string;
  leaseToken: string;
  source: PaymentSource;
  requestId: string;
}

/** Toss's proven refusal of an operation. */
export interface RefusalRequest extends EndRequest {
  errorCode: string;
  errorMessage: string;
  /** False when the fault was ours, or passes, so that the same may be asked for again. */
  isFinal: boolean;
}
