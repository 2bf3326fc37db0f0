-- purpose_name: what a purpose of the trades is in the contract
create macro purpose_name(first_purpose) as
  case first_purpose when 'CPM' then 'credit_portfolio_hedge' when 'CVA' then 'other_risk_management' when 'CLIENT' then 'client' when 'CLIENT_OFFSET' then 'client_offset' else 'trading' end;

-- event_kind: of both kinds of events, in the order of the alphabet
create type event_kind as enum ('amendment', 'amortisation', 'collateral', 'compression', 'correction', 'credit_event', 'exercise', 'increase', 'index_factor', 'maturity',
  'new', 'novation', 'novation_in', 'novation_out', 'option_premium', 'other', 'partial_termination', 'premium', 'reclassification', 'recovery', 'termination',
  'total_return_reset', 'transfer', 'upfront');

-- lifecycle_events: every event that changed a notional, with the current notional
-- before and after it. An event counts from its booking on; an index factor
-- counts first on its day. Trades are not held in memory for the four kinds of
-- them, which need few each. They tell of what is broken on purpose as the book does.
create view lifecycle_events as
with dated as not materialized (
  select *, notional_at(first_notional, change, change_percent, change_booking_date, date '9999-12-31') as last_notional,
    cast(case when is_broken then 500000 else 0 end as decimal(18, 2)) as break
  from trades
),
events as (
  select i, instrument, direction, currency, legal_entity, counterparty_entity, first_purpose,
    case when draw(k, 'novated in', 20) = 0 and not is_internal then 'novation_in' else 'new' end as kind, trade_date as event_date, booking_date,
    cast(0 as decimal(18, 2)) as before, current_notional(first_notional, is_original, k, instrument, first_notional, booking_date) + break as after, 1 as part
  from dated
  union all
  select i, instrument, direction, currency, legal_entity, counterparty_entity, first_purpose, change, change_date, change_booking_date,
    current_notional(first_notional, is_original, k, instrument, first_notional, change_booking_date) + break, current_notional(last_notional, is_original, k, instrument, first_notional, change_booking_date) + break, 2
  from dated where change is not null
  union all
  select i, instrument, direction, currency, legal_entity, counterparty_entity, first_purpose, cause, closed_date, closing_booking_date,
    current_notional(last_notional, is_original, k, instrument, first_notional, closing_booking_date) + break, 0, 3
  from dated where not is_open
  union all
  select t.i, t.instrument, t.direction, t.currency, t.legal_entity, t.counterparty_entity, t.first_purpose, 'index_factor', x.valid_from, x.valid_from,
    current_notional(case when t.change_booking_date < x.valid_from then t.last_notional else t.first_notional end, t.is_original, t.k, t.instrument, t.first_notional, x.valid_from - 1),
    current_notional(case when t.change_booking_date < x.valid_from then t.last_notional else t.first_notional end, t.is_original, t.k, t.instrument, t.first_notional, x.valid_from), 4 + x.step
  from dated as t
  join (select *, row_number() over (partition by index_name, index_series order by valid_from) as step from indices) as x
    on x.index_name = index_family(t.k) and x.index_series = index_series(t.k)
  where t.instrument = 'cds_index' and t.is_original and x.valid_from > date '2000-01-01'
    and t.booking_date < x.valid_from and (t.is_open or t.closing_booking_date >= x.valid_from)
)
select i, cast(part as tinyint) as part, cast(kind as event_kind) as kind, event_date, booking_date, before as notional_before, after as notional_after, currency, instrument, direction, first_purpose,
  legal_entity, counterparty_entity
from events;

-- realized_events: what was realized, with its frozen classification: premiums and
-- resets of some trades each quarter, and what closing, in full or in part, left.
create view realized_events as
with quarters as (
  select cast(day as date) as due from range(date_trunc('quarter', since()) + interval 79 days, last_date() + interval 1 day, interval 1 month) as t(day) where month(day) % 3 = 0
),
events as (
  select t.*, case when t.instrument = 'total_return_swap' then 'total_return_reset' else 'premium' end as kind, business_day(q.due) as event_date, 0 as lag, draw(t.i, cast(q.due as varchar), 2001) - 1000 as result, 'Q' || q.due as part
  from trades as t join quarters as q on q.due between t.booking_date and t.closed_date - 1
  where t.i % 40 = 3 or (t.instrument = 'total_return_swap' and t.i % 8 = 5)
  union all
  select *, case when is_option then 'option_premium' when i % 7 = 0 then 'collateral' when i % 7 = 1 then 'transfer' else 'upfront' end, trade_date, 0, 0, 'U'
  from trades where i % 50 = 7 and booking_date > since()
  union all
  select *, 'partial_termination', change_date, cast(change_booking_date - change_date as integer), draw(k, 'part', 8001) - 4000, 'P'
  from trades where change in ('partial_termination', 'compression')
  union all
  select *, case cause when 'novation_out' then 'novation' when 'compression' then 'termination' else cause end,
    closed_date, case when cause = 'maturity' or cause = 'exercise' then 1 else draw(i, 'realized late', 3) end,
    case cause when 'maturity' then draw(i, 'gain', 201) - 100 when 'credit_event' then case when direction = 'bought' then 60000 else -60000 end else draw(i, 'gain', 20001) - 10000 end, 'C'
  from trades where not is_open
  union all
  select *, 'recovery', closed_date, 0, case when direction = 'bought' then -700 else 700 end, 'R'
  from trades where cause = 'credit_event' and i % 2 = 0
  union all
  select *, 'other', booking_date, 0, draw(i, 'other', 201) - 100, 'O'
  from trades where i % 400 = 13 and booking_date > since()
)
select i, part, cast(kind as event_kind) as kind, event_date, least(event_date + lag, last_date()) as booking_date, result * cast(first_notional as bigint) // 1000 as cents, currency, instrument, direction,
  first_purpose, is_internal, counterparty_number, legal_entity, counterparty_entity,
  draw(i, 'restated', 200) = 0 and part = 'C' as has_two_versions
from events;
