-- Purpose: an order of a charge never waits for a buyer; how long it is open says the operation, not its expires_at.
-- The sweep's backlog is told beside.
-- Function: public.read_status.

create or replace function public.read_status(request jsonb)
returns jsonb
language sql
volatile
security definer
set search_path = ''
as $$
  select jsonb_build_object(
    'operations', (
      select jsonb_build_object(
        'open', count(*),
        'unknown', count(*) filter (where op.state = 'unknown'),
        'oldestUnknownSeconds', extract(epoch from private.clock_now() - min(op.created_at)
          filter (where op.state = 'unknown'))
      )
      from public.operations as op where op.state in ('started', 'unknown')
    ),
    'webhooks', (
      select jsonb_build_object(
        'waiting', count(*) filter (where e.status in ('received', 'processing')),
        'failed', count(*) filter (where e.status = 'failed'),
        'dead', count(*) filter (where e.status = 'dead'),
        'oldestWaitingSeconds', extract(epoch from private.clock_now() - min(e.created_at)
          filter (where e.status in ('received', 'processing', 'failed')))
      )
      from public.webhook_events as e where e.status in ('received', 'processing', 'failed', 'dead')
    ),
    'overdueOrders', (
      select count(*) from public.orders as o
      where o.status = 'pending' and o.expires_at < private.clock_now() - interval '5 minutes'
        and o.subscription_charge_id is null
    ),
    'sweep', (
      select jsonb_build_object(
        'due', b.due, 'oldestDueSeconds', extract(epoch from private.clock_now() - b.oldest_at)
      )
      from private.question_backlog() as b
    ),
    'jobs', (
      select jsonb_agg(jsonb_build_object(
        'job', j.job, 'lastFinishedAt', j.last_finished_at, 'isLate', j.is_late
      ) order by j.job)
      from public.job_status as j
    ),
    'alerts', (
      select jsonb_build_object(
        'warning', count(*) filter (where a.level = 'warning'),
        'critical', count(*) filter (where a.level = 'critical')
      )
      from public.alerts as a
    ),
    'invariantViolations', (select count(*) from public.invariant_violations())
  );
$$;

comment on function public.read_status(jsonb) is
  'Queue depths and ages in seconds, purchases that are overdue, questions that are due, the last beat of each job, alerts by level and violated invariants, for the health function; the request is empty.';
