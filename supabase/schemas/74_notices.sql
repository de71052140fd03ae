-- What buyers are told by e-mail and message: what makes a notice, and the proof that it was sent.

create table toss_private.notice_channels (
  channel text primary key,
  is_on boolean,
  changed_at timestamptz,
  failures_in_row integer not null default 0,
  failing_since timestamptz,
  next_attempt_at timestamptz,
  last_error text,
  constraint notice_channels_channel_known check (channel in ('email', 'message')),
  constraint notice_channels_failures_in_row_not_negative check (failures_in_row >= 0),
  constraint notice_channels_last_error_length check (char_length(last_error) <= 200)
);

alter table toss_private.notice_channels enable row level security;

comment on table toss_private.notice_channels is
  'How buyers can be told. The job outbox says with every run which channels the functions have (NOTIFY_EMAIL, NOTIFY_MESSAGE).';
comment on column toss_private.notice_channels.is_on is
  'Null until the first run has said so: what happens before it is told as soon as there is a channel.';
comment on column toss_private.notice_channels.next_attempt_at is 'A provider that failed is left alone until then; null when it works.';
comment on column toss_private.notice_channels.last_error is 'What the provider failed with last: our word for it and its code.';

insert into toss_private.notice_channels (channel) values ('email'), ('message');

create table toss_private.notices_due (
  event_id uuid primary key,
  notice text not null,
  stream text not null,
  event_sequence bigint not null,
  created_at timestamptz not null,
  next_attempt_at timestamptz not null,
  last_error text,
  constraint notices_due_last_error_length check (char_length(last_error) <= 500)
);

alter table toss_private.notices_due enable row level security;

comment on table toss_private.notices_due is
  'Notices whose cause has happened and whose buyer has not been looked up yet; written with the cause.';
comment on column toss_private.notices_due.stream is 'As outbox_events.stream: within it a buyer is told one thing after the other.';
comment on column toss_private.notices_due.last_error is
  'What the shop''s own function raised when it was asked for the address. Personal: error text; erased.';

create index notices_due_sequence on toss_private.notices_due (event_sequence);
create index notices_due_stream on toss_private.notices_due (stream, event_sequence);

create table public.notifications (
  id uuid primary key default gen_random_uuid(),
  user_id uuid,
  order_id text references public.orders (id),
  subscription_id uuid references public.subscriptions (id),
  notice text not null,
  channel text not null,
  status text not null default 'pending',
  sent_at timestamptz,
  provider_id text,
  error text,
  created_at timestamptz not null,
  event_id uuid not null,
  event_sequence bigint not null,
  stream text not null,
  attempts integer not null default 0,
  next_attempt_at timestamptz,
  attempted_at timestamptz,
  doubt_since timestamptz,
  lease_token uuid,
  lease_expires_at timestamptz,
  constraint notifications_once_per_channel unique (event_id, notice, channel),
  constraint notifications_channel_known check (channel in ('email', 'message')),
  constraint notifications_notice_known check (notice in (
    'receipt', 'payment_failed', 'refund', 'virtual_account', 'deposit', 'renewal_upcoming', 'subscription_ended',
    'card_needed', 'withdrawal_received', 'withdrawal_decided', 'consent_asked', 'trial_converted', 'price_raised'
  )),
  constraint notifications_status_known check (status in ('pending', 'sent', 'failed')),
  constraint notifications_sent_has_time check ((status = 'sent') = (sent_at is not null)),
  constraint notifications_pending_is_due check ((status = 'pending') = (next_attempt_at is not null)),
  constraint notifications_failed_has_error check (status <> 'failed' or error is not null),
  constraint notifications_attempts_not_negative check (attempts >= 0),
  constraint notifications_provider_id_length check (char_length(provider_id) <= 200),
  constraint notifications_error_length check (char_length(error) <= 200)
);

alter table public.notifications enable row level security;

comment on table public.notifications is
  'The proof of sending: every notice on every channel that was on; pending, sent (the provider took it) or failed. Service role only.';
comment on column public.notifications.provider_id is
  'The provider''s id of the e-mail or message; null when it only said that it has it already. Personal: id; kept.';
comment on column public.notifications.error is
  'Why it is not sent: our class and the provider''s code, without anything of the buyer''s; of a sent one, why it went another way. Personal: error text; erased.';
comment on column public.notifications.created_at is 'When its cause happened.';
comment on column public.notifications.event_id is 'The event of outbox_events that made it.';
comment on column public.notifications.stream is 'As outbox_events.stream: within it a channel is sent one notice after the other.';
comment on column public.notifications.doubt_since is
  'When an attempt was made, by the real clock, of which nobody knows whether it was taken; null when there was none.';
comment on column public.notifications.user_id is
  'Personal: id; kept.';

create index notifications_due on public.notifications (channel, event_sequence) where status = 'pending';
create index notifications_stream on public.notifications (stream, channel, event_sequence);
create index notifications_created_at on public.notifications (created_at);
create index notifications_order_id on public.notifications (order_id) where order_id is not null;
create index notifications_subscription_id on public.notifications (subscription_id) where subscription_id is not null;

create table toss_private.notification_contents (
  notification_id uuid primary key references public.notifications (id),
  address text not null,
  language text not null,
  facts jsonb not null,
  constraint notification_contents_address_length check (char_length(address) between 1 and 254),
  constraint notification_contents_language_known check (language in ('ko', 'en')),
  constraint notification_contents_facts_is_object check (jsonb_typeof(facts) = 'object')
);

alter table toss_private.notification_contents enable row level security;

comment on table toss_private.notification_contents is
  'Where a pending notice goes and what it says; removed when it is sent or failed, so that no address stays behind.';
comment on column toss_private.notification_contents.address is
  'Personal: e-mail, phone; erased.';
comment on column toss_private.notification_contents.facts is
  'Personal: name, account, free text; erased.';

create function toss_private.notice_of(event public.outbox_events)
returns text
language plpgsql
immutable
set search_path = ''
as $$
begin
  return case event.event_type
    when 'order.paid' then case
      when (event.payload ->> 'amount')::bigint = 0 then null
      when event.payload ->> 'from' = 'waiting_for_deposit' then 'deposit'
      else 'receipt' end
    when 'payment.refunded' then 'refund'
    when 'payment.partially_refunded' then 'refund'
    when 'virtual_account.issued' then 'virtual_account'
    -- Whoever declines on a page is told there. Without a next try another event says what the decline leads to.
    when 'subscription.payment_failed' then case
      when event.payload ->> 'kind' = 'renewal' and (event.payload ->> 'nextAttemptAt')::timestamptz > event.created_at
        then 'payment_failed' end
    when 'subscription.payment_method_required' then 'card_needed'
    when 'subscription.access_withdrawn' then 'card_needed'
    -- What awaits consent is asked for and reminded of by a notice of its own.
    when 'subscription.renewal_upcoming' then case
      when not coalesce((event.payload ->> 'awaitsConsent')::boolean, false) then 'renewal_upcoming' end
    when 'subscription.trial_ending' then case
      when not coalesce((event.payload ->> 'awaitsConsent')::boolean, false) then 'renewal_upcoming' end
    when 'consent.asked' then 'consent_asked'
    when 'consent.reminded' then 'consent_asked'
    -- A first period that was paid at once has its receipt.
    when 'subscription.activated' then case when event.payload ? 'orderId' then 'trial_converted' end
    when 'subscription.price_changed' then case
      when (event.payload ->> 'amount')::bigint > (event.payload ->> 'amountBefore')::bigint then 'price_raised' end
    when 'subscription.canceled' then case
      when event.payload ->> 'reason' <> 'user_deleted' then 'subscription_ended' end
    when 'withdrawal.requested' then 'withdrawal_received'
    when 'withdrawal.decided' then 'withdrawal_decided'
  end;
end;
$$;

comment on function toss_private.notice_of(public.outbox_events) is
  'What a buyer is told because of an event; null = nothing.';

create function toss_private.notice_is_required(notice text)
returns boolean
language plpgsql
immutable
set search_path = ''
as $$
begin
  return notice in ('renewal_upcoming', 'payment_failed', 'card_needed', 'subscription_ended', 'virtual_account', 'consent_asked');
end;
$$;

comment on function toss_private.notice_is_required(text) is
  'Whether a buyer who does not get it loses money or access, or is charged unannounced; a person is alerted early.';

create function toss_private.queue_notice()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  wanted constant text := toss_private.notice_of(new);
begin
  if wanted is not null and exists (select 1 from toss_private.notice_channels as c where c.is_on is not false) then
    insert into toss_private.notices_due (event_id, notice, stream, event_sequence, created_at, next_attempt_at)
    values (new.id, wanted, new.stream, new.sequence, new.created_at, new.created_at);
  end if;
  return null;
end;
$$;

comment on function toss_private.queue_notice() is
  'Trigger: a notice is written down with its cause, or not at all. Who is told, and what, is looked up later: nothing here may hold up a payment.';

create trigger outbox_events_queue_notice
  after insert on public.outbox_events
  for each row execute function toss_private.queue_notice();

create constraint trigger notices_due_wake
  after insert on toss_private.notices_due
  deferrable initially deferred
  for each row execute function toss_private.wake_outbox();
