-- Purpose: the end of a period, counted from its anchor in Asia/Seoul.

create function private.period_boundary(
  anchor timestamptz, unit text, unit_count integer, period_number integer
)
returns timestamptz
language sql
stable
set search_path = ''
as $$
  -- Always from the anchor: 31 January plus one month is 28 February, plus two is 31 March again.
  select ((anchor at time zone 'Asia/Seoul')
    + (unit_count * period_number) * ('1 ' || unit)::interval) at time zone 'Asia/Seoul';
$$;

comment on function private.period_boundary(timestamptz, text, integer, integer) is
  'Start of period n (0 = the anchor itself) for a plan of unit_count day, week, month or year; day and time of day kept in Asia/Seoul, clamped to the month''s length.';

revoke execute on function private.period_boundary(timestamptz, text, integer, integer)
  from public, anon, authenticated;
