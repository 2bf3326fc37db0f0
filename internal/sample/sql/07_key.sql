-- The key: what a run must find, from the book's own causes.

-- movements_key: the roll-forward of current notional in the trades' currencies;
-- opening and closing are the sums of the files, the rest the sums of the events
create macro movements_key(previous, d) as table
select any_value(d) as as_of, any_value(previous) as since, cause, direction, instrument, currency, sum(records) as records, sum(amount) as notional
from (
  select 'opening' as cause, direction, instrument, currency, records, current_notional as amount from opening
  union all
  select case when kind = 'new' and event_date <= previous then 'late' else kind end, direction, instrument, currency, 1, notional_after - notional_before
  from changes
  union all
  select 'closing', direction, instrument, currency, records, current_notional from totals where counterparty_number is null
)
group by cause, direction, instrument, currency order by cause, direction, instrument, currency;

-- realized_key: gross gains and losses in USD, each event at its own date's rate,
-- a weekend's at Friday's, half away from zero to the cent; of events within the
-- group alone and those of entities outside of it: the scope
create macro realized_key(d) as table
with rates as (
  select rate_date, currency, cast(cast(rate as decimal(28, 8)) * 100000000 as hugeint) as rate from fx_rates
),
converted as (
  select e.booking_date, e.direction, e.instrument, e.kind,
    cast(case when e.currency = 'USD' then e.cents else sign(e.cents) * ((abs(cast(e.cents as hugeint)) * usd.rate * 2 + coalesce(own.rate, 100000000)) // (coalesce(own.rate, 100000000) * 2)) end as bigint) as cents
  from realized as e
  join rates as usd on usd.currency = 'USD' and usd.rate_date = business_day(e.event_date)
  left join rates as own on own.currency = e.currency and own.rate_date = business_day(e.event_date)
  where e.counterparty_entity is null and e.legal_entity <> 'CONDUIT' and e.instrument <> 'credit_linked_note'
)
select d as as_of, period, direction, instrument, kind, count(*) as events,
  cast(sum(greatest(cents, 0)) as decimal(28, 0)) * cast(0.01 as decimal(2, 2)) as gains, cast(sum(greatest(-cents, 0)) as decimal(28, 0)) * cast(0.01 as decimal(2, 2)) as losses
from converted, (values ('quarter'), ('year_to_date')) as p(period)
where period = 'year_to_date' or booking_date >= date_trunc('quarter', d)
group by all order by period, direction, instrument, kind;

-- evidence_key: what classification by evidence must find in the group, without the
-- entity outside of it. Of a group of names whose holdings are too small, hedges
-- exceed them unless protection sold on it makes up for that.
create macro evidence_key(d) as table
with hedges as (
  select 'G' || name_number // 3 as hedge_group, name_number // 3 % 50 as place, direction, current_notional, b.currency,
    current_notional * cast(1.40 / per_euro as decimal(9, 4)) * case direction when 'bought' then 1 else -1 end as net,
    case direction when 'bought' then current_notional * cast(1.40 / per_euro as decimal(9, 4)) else 0 end as bought
  from singled_out as b join currencies as c on c.currency = b.currency
  where purpose_code = 'CPM' and legal_entity <> 'CONDUIT' and name_number is not null and direction in ('bought', 'sold')
),
groups as (
  select hedge_group, case when any_value(place) = 7 then 'over_hedge' else 'orphan_hedge' end as finding
  from hedges
  where place in (7, 8)
  group by hedge_group
  having sum(bought) > 0 and sum(net) > case when any_value(place) = 7 then sum(bought) * 0.60 * 1.05 else 0 end
)
select any_value(d) as as_of, finding, subject, count(*) as positions, sum(current_notional) as notional, currency
from (
  select 'internal_break' as finding, mirror_id as subject, current_notional, currency from singled_out where is_broken
  union all
  select 'sold_hedge', position_id(i), current_notional, currency from singled_out where purpose_code = 'CPM' and direction = 'sold' and legal_entity <> 'CONDUIT'
  union all
  select 'unmatched_offset', position_id(i), current_notional, currency from singled_out where offsets_position_id like 'X%' and legal_entity <> 'CONDUIT'
  union all
  select g.finding, g.hedge_group, h.current_notional, h.currency from hedges as h join groups as g on g.hedge_group = h.hedge_group where h.direction = 'bought'
)
group by finding, subject, currency order by finding, subject, currency;
