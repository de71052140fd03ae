-- Purpose: who pays for a plan reads its row, also when it is no longer for sale.
-- Table: plans (policies).

-- One policy a role: several would each be asked for every row.
alter policy "everyone reads active plans" on public.plans to anon;

-- Both lists are read once a query, not once a row.
create policy "users read active plans and those they pay for"
  on public.plans for select to authenticated
  using (
    active
    or id in (
      select unnest(array[s.plan_id, s.next_plan_id]) from public.subscriptions as s
      where s.user_id = (select auth.uid()) and s.status <> 'canceled'
    )
    or id in (
      select e.plan_id from public.entitlements as e
      where e.user_id = (select auth.uid()) and e.revoked_at is null and e.ends_at > (select private.clock_now())
    )
  );
