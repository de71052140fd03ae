-- Purpose: a signed report that comes long after it was signed counts as late, not as new.
-- Functions: the rule; store_webhook_event asks it.
-- Risk: none for what asks Toss: such an event is asked about whenever it comes.

create function private.webhook_is_late(request jsonb, at timestamptz)
returns boolean
language plpgsql
immutable
set search_path = ''
as $$
declare
  repeats constant integer := least(coalesce((request ->> 'retriedCount')::integer, 0), 7);
  signed_at constant timestamptz := (request ->> 'signedAt')::timestamptz;
begin
  -- Toss repeats after 1, 4, 16 … minutes, and does not say whether a repeat is signed anew: it may be as late as the
  -- repeats before it took.
  return coalesce(at - signed_at > interval '15 minutes' + ((4 ^ repeats - 1) / 3) * interval '1 minute', false);
end;
$$;

comment on function private.webhook_is_late(jsonb, timestamptz) is
  'Whether a delivery comes more than 15 minutes after the time that its signature covers, beyond what Toss''s own repeats take.';
revoke execute on function private.webhook_is_late(jsonb, timestamptz) from public, anon, authenticated;
