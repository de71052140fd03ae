-- What a run writes down, how it asks, and how it ends; what must never be true of it, and what a person must see.

create function toss_private.record_differences(
  finding_run_id uuid, differing_payment_key text, before jsonb, after jsonb
)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
  concerned_order_id constant text := coalesce(
    (select p.order_id from public.payments as p where p.payment_key = differing_payment_key),
    (select o.id from public.orders as o
      join jsonb_array_elements(before || after) as d on o.id = d.value -> 'theirs' ->> 'orderId' limit 1)
  );
  known record;
  found_difference record;
  opened public.reconciliation_differences;
begin
  -- Two runs may come upon the same payment at once.
  perform pg_advisory_xact_lock(hashtextextended('toss_difference ' || differing_payment_key, 0));

  -- What was open could not mend itself; a person has seen to it.
  update public.reconciliation_differences as d
  set resolved_at = present, resolution = 'by_hand'
  where d.payment_key = differing_payment_key and d.resolved_at is null and not exists (
    select 1 from jsonb_array_elements(after) as a
    where a.value ->> 'kind' = d.kind and (not d.is_cancel or a.value ->> 'transaction_key' = d.transaction_key)
  );

  for found_difference in
    select distinct on (d.kind, d.is_cancel, case when d.is_cancel then d.transaction_key end) d.*
    from (
      select e.*, false as is_open from jsonb_to_recordset(before) as e (
        kind text, transaction_key text, is_cancel boolean, ours jsonb, theirs jsonb, reason text
      )
      union all
      select e.*, true from jsonb_to_recordset(after) as e (
        kind text, transaction_key text, is_cancel boolean, ours jsonb, theirs jsonb, reason text
      )
    ) as d
    order by d.kind, d.is_cancel, case when d.is_cancel then d.transaction_key end, d.is_open desc
  loop
    -- One that this call has just resolved has its row.
    continue when not found_difference.is_open and exists (
      select 1 from public.reconciliation_differences as d
      where d.payment_key = differing_payment_key and d.kind = found_difference.kind and d.resolved_at = present
        and (not d.is_cancel or d.transaction_key = found_difference.transaction_key)
    );
    insert into public.reconciliation_differences as d (
      run_id, kind, payment_key, transaction_key, order_id, is_cancel, ours, theirs, reason, resolution, created_at,
      resolved_at
    ) values (
      finding_run_id, found_difference.kind, differing_payment_key, found_difference.transaction_key, concerned_order_id,
      found_difference.is_cancel, nullif(found_difference.ours, 'null'), nullif(found_difference.theirs, 'null'),
      found_difference.reason, case when not found_difference.is_open then 'healed' end, present,
      case when not found_difference.is_open then present end
    )
    on conflict do nothing
    returning * into opened;
    if found and found_difference.is_open then
      perform toss_private.announce_difference(opened);
    end if;
  end loop;
end;
$$;

comment on function toss_private.record_differences(uuid, text, jsonb, jsonb) is
  'Writes down what differed before and after Toss''s answer was applied: what is gone is healed, what is left is open and told once.';

create function toss_private.announce_difference(opened public.reconciliation_differences)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  perform toss_private.write_outbox_event(jsonb_build_object(
    'eventType', 'reconciliation.difference', 'subject', coalesce(opened.order_id, opened.payment_key),
    'payload', jsonb_strip_nulls(jsonb_build_object(
      'differenceId', opened.id, 'runId', opened.run_id, 'kind', opened.kind, 'paymentKey', opened.payment_key,
      'transactionKey', opened.transaction_key, 'orderId', opened.order_id, 'reason', opened.reason
    )) || jsonb_build_object('ours', opened.ours, 'theirs', opened.theirs)
  ));
end;
$$;

comment on function toss_private.announce_difference(public.reconciliation_differences) is
  'Writes the outbox event of a difference that stays open.';

create function public.claim_reconciliation_questions(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  held constant toss_private.reconciliation_states := toss_private.hold_reconciliation(request);
begin
  return (
    select jsonb_build_object('questions', coalesce(jsonb_agg(jsonb_build_object(
      'paymentKey', c.payment_key,
      'isKnown', p.payment_key is not null,
      'listedKeys', c.listed ->> 'keys',
      -- Asked for unknown payments alone: a merchant id that nobody knows is looked for among all payments.
      'isFamiliar', case when p.payment_key is null and c.listed ->> 'mId' is not null
        then exists (select 1 from public.payments as m where m.m_id = c.listed ->> 'mId') else true end,
      'tossKeys', coalesce(o.toss_keys, c.listed ->> 'keys', 'main'),
      'tossClientKey', o.toss_client_key,
      'askedAt', toss_private.clock_now()
    ) order by c.payment_key), '[]'))
    from (
      select q.* from toss_private.reconciliation_questions as q
      where q.run_id = held.run_id and q.attempts < 4
      order by q.attempts, q.payment_key
      limit (request ->> 'limit')::bigint
    ) as c
    left join public.payments as p on p.payment_key = c.payment_key
    left join public.orders as o on o.id = coalesce(p.order_id, c.listed ->> 'orderId', (
      select d.order_id from public.reconciliation_differences as d
      where d.payment_key = c.payment_key and d.resolved_at is null and d.order_id is not null limit 1
    ))
  );
end;
$$;

comment on function public.claim_reconciliation_questions(jsonb) is
  'The next payments of a run to ask Toss about, and with which key pair; each at most four times. Keys: runId, leaseToken, leaseSeconds, limit.';

create function public.postpone_reconciliation_question(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  held constant toss_private.reconciliation_states := toss_private.hold_reconciliation(request);
begin
  update toss_private.reconciliation_questions as q set attempts = q.attempts + 1
  where q.run_id = held.run_id and q.payment_key = request ->> 'paymentKey';
  return toss_private.reconciliation_view(held.run_id);
end;
$$;

comment on function public.postpone_reconciliation_question(jsonb) is
  'Toss gave no answer that proves anything; the question is asked again. Keys: runId, leaseToken, leaseSeconds, paymentKey.';

create function public.pause_reconciliation(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  held constant toss_private.reconciliation_states := toss_private.hold_reconciliation(request);
begin
  update toss_private.reconciliation_states as s set lease_expires_at = toss_private.clock_now()
  where s.run_id = held.run_id;
  return toss_private.reconciliation_view(held.run_id);
end;
$$;

comment on function public.pause_reconciliation(jsonb) is
  'Gives the lease back at the end of a slice, so that the next one goes on at once. Keys: runId, leaseToken, leaseSeconds.';

create function public.finish_reconciliation(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  held constant toss_private.reconciliation_states := toss_private.hold_reconciliation(request);
  is_complete constant boolean := not exists (
    select 1 from toss_private.reconciliation_questions as q where q.run_id = held.run_id
    union all
    select 1 from public.reconciliation_runs as r where r.id = held.run_id and r.settlements_missed = 'UNANSWERED'
  );
  ended public.reconciliation_runs;
begin
  update public.reconciliation_runs as r
  set status = case when is_complete then 'finished' else 'failed' end, finished_at = toss_private.clock_now(),
    healed = (
      select count(*) from public.reconciliation_differences as d
      where d.run_id = r.id and d.resolution = 'healed'
    ),
    open = (select count(*) from public.reconciliation_differences as d where d.resolved_at is null)
  where r.id = held.run_id
  returning * into ended;
  perform toss_private.finish_settlements(ended);
  if ended.status = 'finished' and held.is_default then
    insert into toss_private.reconciliation_progress as p (covered_until)
    values (least(ended.to_date, (held.border at time zone 'Asia/Seoul')::date))
    on conflict (is_only) do update set covered_until = greatest(p.covered_until, excluded.covered_until);
  end if;
  perform toss_private.drop_reconciliation_state(held.run_id);
  return toss_private.reconciliation_view(held.run_id);
end;
$$;

comment on function public.finish_reconciliation(jsonb) is
  'Ends a run that has nothing left to ask: failed when Toss did not answer everything. Keys: runId, leaseToken, leaseSeconds.';

create function public.read_reconciliation(request jsonb)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  return toss_private.reconciliation_view((request ->> 'runId')::uuid) || (
    select jsonb_build_object(
      'settlements', (
        select count(*) from public.settlements as s where s.sold_date between r.from_date and r.to_date
      ),
      'settlementsMissed', r.settlements_missed,
      'settlementDifferences', (select count(*) from public.settlement_differences as d where d.resolved_at is null)
    )
    from public.reconciliation_runs as r where r.id = (request ->> 'runId')::uuid
  ) || jsonb_build_object('differences', (
    select coalesce(jsonb_agg(jsonb_build_object(
      'kind', d.kind, 'paymentKey', d.payment_key, 'transactionKey', d.transaction_key, 'orderId', d.order_id,
      'ours', d.ours, 'theirs', d.theirs, 'reason', d.reason, 'resolution', d.resolution, 'resolvedAt', d.resolved_at
    ) order by d.created_at, d.kind, d.payment_key, d.transaction_key), '[]')
    from public.reconciliation_differences as d
    where d.resolved_at is null or d.run_id = (request ->> 'runId')::uuid
  ));
end;
$$;

comment on function public.read_reconciliation(jsonb) is
  'A run, the differences that it found and healed, and all that are open, also of earlier runs; how many settlements of its days are known. Key: runId.';

create function toss_private.reconciliation_violations()
returns table (invariant text, subject text, detail text)
language plpgsql
stable
set search_path = ''
as $$
begin
  return query
  select 'reconciliation_run_adds_up', r.id::text,
    format('%s healed, %s difference(s) say so', r.healed, count(d.id))
  from public.reconciliation_runs as r
  left join public.reconciliation_differences as d on d.run_id = r.id and d.resolution = 'healed'
  where r.status = 'finished'
  group by r.id
  having r.healed <> count(d.id)

  union all
  -- Old events go; what is open is told for as long as it is young.
  select 'difference_is_told_once', d.id::text, format('%s of payment %s has %s outbox events', d.kind, d.payment_key, count(e.id))
  from public.reconciliation_differences as d
  left join public.outbox_events as e on e.event_type = 'reconciliation.difference'
    and e.subject = coalesce(d.order_id, d.payment_key) and e.payload ->> 'differenceId' = d.id::text
  where d.created_at > toss_private.clock_now() - interval '29 days'
  group by d.id
  having count(e.id) <> (d.resolution is distinct from 'healed')::integer

  union all
  select 'reconciliation_keeps_nothing', s.run_id::text, format('the run is %s and its rows are kept', r.status)
  from toss_private.reconciliation_states as s
  join public.reconciliation_runs as r on r.id = s.run_id
  where r.status <> 'running';
end;
$$;

comment on function toss_private.reconciliation_violations() is 'The rules about comparisons with Toss''s list.';

create view toss_private.reconciliation_alerts
with (security_invoker = true)
as
select 'critical' as level, 'reconciliation_difference' as alert, coalesce(d.order_id, d.payment_key) as subject,
  format('%s, payment %s%s: %s', d.kind, d.payment_key, ' ' || d.transaction_key, d.reason) as detail, d.created_at as since
from public.reconciliation_differences as d
where d.resolved_at is null

union all
select 'warning', 'reconciliation_failed', r.id::text,
  format('%s to %s: Toss has not answered everything', r.from_date, r.to_date), r.started_at
from (select l.* from public.reconciliation_runs as l order by l.started_at desc limit 1) as r
where r.status = 'failed' or (r.status = 'running' and r.started_at < toss_private.clock_now() - interval '1 day');

comment on view toss_private.reconciliation_alerts is
  'Differences between Toss and our rows that are open, and a comparison that Toss did not let come to its end.';
