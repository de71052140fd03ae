import { z } from "zod";

/** What the holder of any leased operation needs. */
export const leased = {
  operationId: z.string(),
  idempotencyKey: z.string(),
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

/** Who may act on what is begun, and for how long. */
export interface LeaseRequest {
  leaseToken: string;
  leaseSeconds: number;
}
