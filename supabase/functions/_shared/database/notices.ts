import { z } from "zod";
import type { Database } from "./client.ts";

const planned = z.object({
  planned: z.number().int(),
  postponed: z.number().int(),
  givenUp: z.number().int(),
});

/** Says which channels there are and looks up buyers; see the comment on `public.plan_notices`. */
export function planNotices(
  database: Database,
  request: { channels: readonly string[]; limit: number; asOf: string | null },
): Promise<z.output<typeof planned>> {
  return database.call("plan_notices", { ...request }, planned);
}

const claimed = z.object({
  notices: z.array(z.object({
    id: z.string(),
    notice: z.string(),
    /** An e-mail address or a mobile number, by the channel. */
    address: z.string(),
    language: z.enum(["ko", "en"]),
    facts: z.record(z.string(), z.unknown()),
    /** When an attempt was made whose end nobody knows. */
    doubtSince: z.string().nullable(),
  })),
});

/** A notice that is ours to send until the lease ends. */
export type ClaimedNotice = z.output<typeof claimed>["notices"][number];

/** Takes what is due on one channel; see the comment on `public.claim_notices`. */
export async function claimNotices(
  database: Database,
  request: {
    channel: string;
    limit: number;
    leaseToken: string;
    leaseSeconds: number;
    asOf: string | null;
  },
): Promise<ClaimedNotice[]> {
  const { notices } = await database.call(
    "claim_notices",
    { ...request },
    claimed,
  );
  return notices;
}

/** How an attempt ended; `released` = there was none. */
export interface NoticeResult {
  id: string;
  outcome: "sent" | "not_sent" | "released";
  providerId?: string | null;
  detour?: string;
  fault?: string;
  code?: string;
  retryAfterSeconds?: number;
  mayBeSent?: boolean;
}

const finished = z.object({
  sent: z.number().int(),
  failed: z.number().int(),
  postponed: z.number().int(),
});

/** Writes down how attempts ended; see the comment on `public.finish_notices`. */
export function finishNotices(
  database: Database,
  request: {
    channel: string;
    leaseToken: string;
    asOf: string | null;
    results: readonly NoticeResult[];
  },
): Promise<z.output<typeof finished>> {
  return database.call("finish_notices", { ...request }, finished);
}

const due = z.object({ remaining: z.number().int() });

/** How many notices are due still. */
export async function countDueNotices(
  database: Database,
  request: { asOf: string | null },
): Promise<number> {
  const { remaining } = await database.call(
    "count_due_notices",
    { ...request },
    due,
  );
  return remaining;
}
