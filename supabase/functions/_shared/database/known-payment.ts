import { z } from "zod";
import type { Database } from "./client.ts";
import type { TossKeys } from "./lease.ts";

const answer = z.object({ paymentKey: z.string().nullable() });

/** A payment that Toss approved under a pair with a client key; null when there is none. See the comment on `public.find_known_payment`. */
export async function findKnownPayment(
  database: Database,
  made: { tossKeys: TossKeys; tossClientKey: string },
): Promise<string | null> {
  return (await database.call("find_known_payment", { ...made }, answer))
    .paymentKey;
}
