-- Purpose: whoever tries cards meets a limit before Toss is asked.
-- Table: private.card_attempts; function: private.take_card_attempt.

create table private.card_attempts (
  id bigint generated always as identity primary key,
  user_id uuid not null,
  attempted_at timestamptz not null
);

create index card_attempts_user_id on private.card_attempts (user_id, attempted_at desc);
create index card_attempts_attempted_at on private.card_attempts (attempted_at);

comment on table private.card_attempts is
  'What reached Toss because a user asked for it: registrations of a card, retries of a payment, changes of card that charge a debt. A day''s worth.';

alter table private.card_attempts enable row level security;

create function private.take_card_attempt(asking_id uuid)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := private.clock_now();
  free_at timestamptz;
begin
  -- Anybody's, a few at a time: who never comes back leaves nothing behind.
  delete from private.card_attempts as a
  where a.id in (
    select old.id from private.card_attempts as old
    where old.attempted_at <= present - interval '1 day'
    order by old.attempted_at
    limit 50
    for update skip locked
  );
  -- Five in ten minutes, twenty in a day. What lies ahead comes from a test clock that was set back.
  select max(f.free_at) into free_at
  from (
    (
      select a.attempted_at + interval '10 minutes' as free_at from private.card_attempts as a
      where a.user_id = asking_id and a.attempted_at <= present
      order by a.attempted_at desc offset 4 limit 1
    )
    union all
    (
      select a.attempted_at + interval '1 day' from private.card_attempts as a
      where a.user_id = asking_id and a.attempted_at <= present
      order by a.attempted_at desc offset 19 limit 1
    )
  ) as f;
  if free_at > present then
    return ceil(extract(epoch from free_at - present));
  end if;
  insert into private.card_attempts (user_id, attempted_at) values (asking_id, present);
  return 0;
end;
$$;

comment on function private.take_card_attempt(uuid) is
  'Counts an attempt that is about to reach Toss and answers 0, or answers in how many seconds the next one may be made. Callers hold private.lock_user, so that attempts at the same time see each other.';
revoke execute on function private.take_card_attempt(uuid) from public, anon, authenticated;
