-- What a subscriber says to a request for consent: signed in, through the shop, or by the link of a notice.

create function toss_private.answer_consent(changed public.subscriptions, request jsonb, audit jsonb)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  -- Never asOf: the window is the law's.
  present constant timestamptz := toss_private.clock_now();
  said constant text := case request ->> 'action' when 'consent' then 'given' else 'refused' end;
  is_by_link constant boolean := coalesce((request ->> 'isByLink')::boolean, false);
  asked public.subscription_consents;
begin
  select * into asked from public.subscription_consents as k
  where k.id = (request ->> 'consentId')::uuid and k.subscription_id = changed.id
  for no key update;
  if not found or changed.status = 'canceled' or asked.voided_at is not null or asked.closed_at is not null
    or present < asked.opens_at or present >= asked.effective_at
    or (is_by_link and asked.link_used_at is not null)
  then
    return jsonb_build_object('outcome', 'consent_not_open');
  end if;
  if is_by_link then
    update public.subscription_consents as k set link_used_at = present where k.id = asked.id;
  end if;
  -- The repeat of an answer that was lost.
  if asked.decision is distinct from said then
    perform toss_private.decide_consent(
      asked, said, present,
      case when is_by_link then 'link' when request ->> 'userId' is null then 'shop' else 'subscription' end, audit
    );
  end if;
  return toss_private.changed_view(changed);
end;
$$;

comment on function toss_private.answer_consent(public.subscriptions, jsonb, jsonb) is
  'consent and decline_consent: within the window and until its date a subscriber may say yes, no, and the other again. The caller holds the subscription. Keys: action, consentId, userId, isByLink. Outcomes: changed, consent_not_open.';

create function toss_private.consent_view(viewed_id uuid)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  present constant timestamptz := toss_private.clock_now();
begin
  return (
    select jsonb_build_object(
      'consentId', k.id, 'subscriptionId', k.subscription_id, 'kind', k.kind, 'planId', k.plan_id, 'planName', p.name,
      'interval', s.interval, 'intervalCount', s.interval_count,
      'amountBefore', k.amount_before, 'amountAfter', k.amount_after, 'currency', k.currency,
      'effectiveAt', k.effective_at, 'method', k.method, 'methodNumber', k.method_number,
      'decision', k.decision, 'decidedAt', k.decided_at, 'textVersion', k.text_version,
      'endsWithout', k.kind = 'trial_conversion' or p.without_consent = 'cancel',
      'isOpen', s.status <> 'canceled' and k.voided_at is null and k.closed_at is null
        and present >= k.opens_at and present < k.effective_at,
      'isLinkUsed', k.link_used_at is not null
    )
    from public.subscription_consents as k
    join public.subscriptions as s on s.id = k.subscription_id
    join public.plans as p on p.id = k.plan_id
    where k.id = viewed_id
  );
end;
$$;

comment on function toss_private.consent_view(uuid) is 'A request for consent as its subscriber is shown it; null when there is none.';

create function public.read_consent(request jsonb)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  return jsonb_build_object('consent', toss_private.consent_view((request ->> 'consentId')::uuid));
end;
$$;

comment on function public.read_consent(jsonb) is
  'What the link of a notice shows; changes nothing. Key: consentId, of a token that the function has verified.';

create function public.answer_consent_link(request jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  changed public.subscriptions;
  answer jsonb;
begin
  select s.* into changed from public.subscription_consents as k
  join public.subscriptions as s on s.id = k.subscription_id
  where k.id = (request ->> 'consentId')::uuid;
  if not found then
    return jsonb_build_object('outcome', 'consent_not_open');
  end if;
  perform toss_private.lock_user(changed.user_id);
  select * into changed from public.subscriptions as s where s.id = changed.id for no key update;
  answer := toss_private.answer_consent(changed, request || jsonb_build_object('isByLink', true), jsonb_build_object(
    'source', 'billing', 'requestId', request ->> 'requestId'
  ));
  if answer ->> 'outcome' <> 'changed' then
    return answer;
  end if;
  return jsonb_build_object('outcome', 'decided', 'consent', toss_private.consent_view((request ->> 'consentId')::uuid));
end;
$$;

comment on function public.answer_consent_link(jsonb) is
  'The answer given through the link of a notice, which works once. Keys: consentId (of a token that the function has verified), action (consent, decline_consent), requestId. Outcomes: decided, consent_not_open.';
