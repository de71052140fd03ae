-- Example catalogue for local development; a real shop brings its own.
insert into public.products (id, name, price, currency, stock, active) values
  ('tshirt', '토스 티셔츠', 15000, 'KRW', 100, true),
  ('mug', '머그컵', 9900, 'KRW', 50, true),
  ('sticker', '스티커 세트', 3000, 'KRW', null, true),
  ('limited-print', '한정판 포스터', 39000, 'KRW', 1, true)
on conflict (id) do nothing;

insert into public.plans (id, name, price, currency, interval, interval_count, trial_days, active) values
  ('basic', '베이직', 4900, 'KRW', 'month', 1, 0, true),
  ('pro', '프로', 9900, 'KRW', 'month', 1, 7, true),
  ('pro-yearly', '프로 연간', 99000, 'KRW', 'year', 1, 0, true)
on conflict (id) do nothing;
