import { countDueNotices, planNotices } from "../database/notices.ts";
import { withRetries } from "../database/client.ts";
import type { Logger } from "../logger.ts";
import { CHANNELS } from "../notices/notice.ts";
import { sendNotice } from "../notices/send-notice.ts";
import { TIME_BUDGET_MILLISECONDS } from "../operations/run-batches.ts";
import type { Services } from "../services.ts";
import { type ChannelCounts, runChannel } from "./run-channel.ts";

/** So many notices a channel and run; a provider takes a few a second. */
const DEFAULT_LIMIT = 100;

/** A bounded slice of the notices that are to be sent. */
export interface NoticeSlice {
  services: Services;
  logger: Logger;
  limit: number | undefined;
  asOf: string | null;
}

/** Looks up whom to tell and sends what is due, each channel beside the other. */
export async function sendNotices(
  { services, logger, limit = DEFAULT_LIMIT, asOf }: NoticeSlice,
): Promise<Record<string, number>> {
  const { config: { notices }, fetch } = services;
  const database = withRetries(services.database);
  const channels = CHANNELS.filter((channel) => notices[channel] !== null);
  const { planned, postponed, givenUp } = await planNotices(database, {
    channels,
    limit,
    asOf,
  });
  if (postponed > 0) logger.warn("notice_address_failed", { postponed });
  if (channels.length === 0) return { noticesGivenUp: givenUp };
  const startedAt = performance.now();
  const total: ChannelCounts = { claimed: 0, sent: 0, failed: 0, postponed: 0 };
  let interrupted = 0;
  await Promise.all(channels.map(async (channel) => {
    try {
      const counts = await runChannel({
        database,
        channel,
        asOf,
        limit,
        isTimeUp: () =>
          performance.now() - startedAt > TIME_BUDGET_MILLISECONDS,
        send: (notice) =>
          sendNotice(notice, {
            channel,
            accounts: notices,
            shop: notices.shop,
            consentUrl: services.consentUrl,
            fetcher: fetch,
          }),
      });
      for (const name of Object.keys(total) as (keyof ChannelCounts)[]) {
        total[name] += counts[name];
      }
      if (counts.postponed > 0) {
        logger.warn("notice_channel_failed", { channel, ...counts });
      }
    } catch (error) {
      interrupted += 1;
      logger.error("notice_channel_interrupted", {
        channel,
        cause: error instanceof Error ? error.message : String(error),
      });
    }
  }));
  return {
    noticesPlanned: planned,
    noticesGivenUp: givenUp,
    claimed: total.claimed,
    interrupted,
    noticesSent: total.sent,
    noticesFailed: total.failed,
    noticesPostponed: total.postponed,
    remaining: await countDueNotices(database, { asOf }),
  };
}
