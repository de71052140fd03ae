-- Purpose: an order's name is never longer than Toss takes it, and never ends inside a character.
-- Functions: private.cut_text, fit_order_name, cart_name. Trigger: orders_fit_order_name.
-- Risk: none for existing rows. Names that are short enough cost one comparison.

create function private.cut_text(whole text, room integer)
returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
  units integer := 0;
  kept integer := 0;
  code integer;
  previous integer := 0;
  -- Regional indicators in a row: two of them are one flag.
  flags integer := 0;
begin
  -- No text has more UTF-16 units than bytes in UTF-8.
  if octet_length(whole) <= room then
    return whole;
  end if;
  for place in 1 .. char_length(whole) loop
    code := ascii(substr(whole, place, 1));
    flags := case when code between x'1F1E6'::integer and x'1F1FF'::integer then flags + 1 else 0 end;
    if not (
      -- What belongs to the character before it: marks, variations, joiners, skin tones, tags.
      code between x'0300'::integer and x'036F'::integer or code between x'20D0'::integer and x'20FF'::integer
      or code between x'FE00'::integer and x'FE0F'::integer or code = x'200D'::integer
      or code between x'1F3FB'::integer and x'1F3FF'::integer or code between x'E0020'::integer and x'E007F'::integer
      or code between x'E0100'::integer and x'E01EF'::integer
      or previous = x'200D'::integer
      -- Vowels and finals of a syllable in jamo.
      or (code between x'1160'::integer and x'11FF'::integer and previous between x'1100'::integer and x'11FF'::integer)
      or (code between x'1160'::integer and x'11FF'::integer and previous between x'AC00'::integer and x'D7A3'::integer)
      or (flags > 0 and flags % 2 = 0)
    ) then
      kept := place - 1;
    end if;
    units := units + case when code > x'FFFF'::integer then 2 else 1 end;
    if units > room then
      -- A character that alone needs more room than there is has to be cut between its parts.
      return left(whole, case when kept > 0 then kept else place - 1 end);
    end if;
    previous := code;
  end loop;
  return whole;
end;
$$;

comment on function private.cut_text(text, integer) is
  'The beginning of a text, as much as fits into so many UTF-16 units, which is how JavaScript and Toss count, without a part of a character at its end.';
revoke execute on function private.cut_text(text, integer) from public, anon, authenticated;

create function private.fit_order_name()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.order_name := private.cut_text(new.order_name, 100);
  return new;
end;
$$;

comment on function private.fit_order_name() is
  'Trigger: an order, of a cart, a plan or a charge, has a name that Toss takes (core API reference: orderName, 1 to 100).';
revoke execute on function private.fit_order_name() from public, anon, authenticated;

create trigger orders_fit_order_name
  before insert on public.orders
  for each row when (octet_length(new.order_name) > 100)
  execute function private.fit_order_name();

create or replace function private.cart_name(first_name text, others bigint)
returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
  suffix constant text := case when others > 0 then format(' 외 %s건', others) else '' end;
begin
  return private.cut_text(first_name, 100 - char_length(suffix)) || suffix;
end;
$$;

comment on function private.cart_name(text, bigint) is
  'Toss''s orderName, at most 100 UTF-16 units: the first product and how many others.';
