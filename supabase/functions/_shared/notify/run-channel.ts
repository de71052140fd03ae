import type { Database } from "../database/client.ts";
import {
  type ClaimedNotice,
  claimNotices,
  finishNotices,
  type NoticeResult,
} from "../database/notices.ts";
import {
  isChannelFault,
  type SendOutcome,
} from "../notices/channels/outcome.ts";
import type { Channel } from "../notices/notice.ts";

/** Few, because they are sent one after the other and a lease must outlast them all. */
const BATCH_SIZE = 5;

/** Longer than five attempts take with everything around them; afterwards another run may make them again. */
const LEASE_SECONDS = 120;

/** A provider that asks for less is waited for; otherwise the next run goes on. */
const LONGEST_WAIT_SECONDS = 3;

/** What one channel did. */
export interface ChannelCounts {
  claimed: number;
  sent: number;
  failed: number;
  postponed: number;
}

/** A channel and what it works with. */
export interface ChannelRun {
  database: Database;
  channel: Channel;
  asOf: string | null;
  limit: number;
  isTimeUp(): boolean;
  /** Makes one attempt; never rejects. */
  send(notice: ClaimedNotice): Promise<SendOutcome>;
}

/**
 * Sends what is due on one channel, one notice after the other, and writes each down before the next: whoever is
 * killed leaves one at most of which nobody knows whether it was taken.
 *
 * A fault of the provider ends the run of its channel; what was claimed beside is given back.
 */
export async function runChannel(run: ChannelRun): Promise<ChannelCounts> {
  const counts = { claimed: 0, sent: 0, failed: 0, postponed: 0 };
  while (counts.claimed < run.limit && !run.isTimeUp()) {
    const leaseToken = crypto.randomUUID();
    const notices = await claimNotices(run.database, {
      channel: run.channel,
      limit: Math.min(BATCH_SIZE, run.limit - counts.claimed),
      leaseToken,
      leaseSeconds: LEASE_SECONDS,
      asOf: run.asOf,
    });
    if (notices.length === 0) break;
    counts.claimed += notices.length;
    const wait = await sendBatch(run, { notices, leaseToken, counts });
    if (wait === null) continue;
    if (wait > LONGEST_WAIT_SECONDS) break;
    await new Promise((resolve) => setTimeout(resolve, wait * 1000));
  }
  return counts;
}

/** @returns null when the channel works, else how many seconds it is to be left alone */
async function sendBatch(
  run: ChannelRun,
  { notices, leaseToken, counts }: {
    notices: ClaimedNotice[];
    leaseToken: string;
    counts: ChannelCounts;
  },
): Promise<number | null> {
  for (const [index, notice] of notices.entries()) {
    const outcome = await run.send(notice);
    const isOver = outcome.kind === "not_sent" && isChannelFault(outcome.fault);
    const rest = isOver ? notices.slice(index + 1) : [];
    const ended = await finishNotices(run.database, {
      channel: run.channel,
      leaseToken,
      asOf: run.asOf,
      results: [
        resultOf(notice.id, outcome),
        ...rest.map(({ id }) => ({ id, outcome: "released" as const })),
      ],
    });
    counts.sent += ended.sent;
    counts.failed += ended.failed;
    counts.postponed += ended.postponed;
    if (isOver) {
      return outcome.fault === "rate_limit"
        ? outcome.retryAfterSeconds ?? Number.POSITIVE_INFINITY
        : Number.POSITIVE_INFINITY;
    }
  }
  return null;
}

function resultOf(id: string, outcome: SendOutcome): NoticeResult {
  const { kind, ...rest } = outcome;
  return { id, outcome: kind, ...rest };
}
