-- Purpose: what a buyer waits for is charged while they wait, or not at all.
-- Function: private.given_up_since.

create function private.given_up_since(asked public.subscription_charges)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
declare
  -- As long as a registration is waited for: what is charged later comes as a surprise.
  patience constant interval := interval '30 minutes';
  given_up_at constant timestamptz := case asked.kind
    when 'start' then asked.created_at + patience
    -- After its period there is nothing left to have for the money.
    when 'upgrade' then least(asked.created_at + patience, asked.period_end)
  end;
begin
  return case when given_up_at <= private.clock_now() then given_up_at end;
end;
$$;

comment on function private.given_up_since(public.subscription_charges) is
  'Since when a first charge or an upgrade is not sent any more because nobody waits for it; null while it is. Renewals are owed and have no such end.';
revoke execute on function private.given_up_since(public.subscription_charges) from public, anon, authenticated;
