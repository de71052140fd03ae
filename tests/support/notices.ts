import assert from "node:assert/strict";
import type {
  MailboxEntry,
  Providers,
} from "../../simulator/providers/providers.ts";
import { eventually } from "./eventually.ts";
import type { Shop } from "./shop.ts";
import { work } from "./worker.ts";

/** The stack's own Resend and Solapi. */
export function providersOf({ stack }: Shop): Providers {
  assert.ok(stack.providers, "the stack was started without notices");
  return stack.providers;
}

/** Lets the job tell its channels, so that causes from now on make notices. */
export async function openChannels(shop: Shop): Promise<void> {
  await work(shop, "outbox");
  // What an earlier test did to a provider would have to be waited for.
  await shop.stack.sql`
    update toss_private.notice_channels
    set failures_in_row = 0, failing_since = null, next_attempt_at = null, last_error = null`;
}

/** How much the providers have taken by now. */
export function mark(shop: Shop): number {
  return providersOf(shop).mailbox().length;
}

/**
 * Lets the job run until nothing is due; answers what the providers have taken since a {@linkcode mark}.
 *
 * A cause wakes the job by itself, so a part may have gone before.
 */
export async function sendDue(
  shop: Shop,
  since: number,
): Promise<MailboxEntry[]> {
  await eventually("nothing was due", async () => {
    await work(shop, "outbox");
    const [row] = await shop.stack.sql<{ waiting: number }[]>`
      select (
        (select count(*) from public.notifications where status = 'pending') +
        (select count(*) from toss_private.notices_due where last_error is null)
      )::integer as waiting`;
    return row?.waiting === 0;
  });
  return providersOf(shop).mailbox().slice(since);
}

/** A row of `notifications`. */
export interface NotificationRow {
  id: string;
  notice: string;
  channel: string;
  status: string;
  error: string | null;
  provider_id: string | null;
  attempts: number;
}

/** The notices of an order or a subscription, in the order of their causes. */
export async function notificationsOf(
  { stack }: Shop,
  id: string,
): Promise<NotificationRow[]> {
  const rows = await stack.sql<NotificationRow[]>`
    select id, notice, channel, status, error, provider_id, attempts
    from public.notifications
    where order_id = ${id} or subscription_id::text = ${id} or user_id::text = ${id}
    order by event_sequence, channel`;
  return [...rows];
}
