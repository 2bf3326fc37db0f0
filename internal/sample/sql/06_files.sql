-- What is written for a date, a relation per file. previous is the date before it
-- in the list, or the end of the quarter before.

create macro positions_file(d) as table
select * exclude (i, k, name_number, counterparty_number, instrument, direction, is_broken, is_singled_out, current_notional) from positions_at(d);

-- totals_at: sums of the positions of a date, by counterparty and by all else that
-- the other files and the keys ask for; it is written down as the table totals, so
-- that each need not draw the positions again
create macro totals_at(d) as table
select counterparty_number, legal_entity, book, currency, direction, instrument, count(*) as records, sum(notional) as notional, sum(current_notional) as current_notional,
  sum(fair_value) as fair_value, sum(greatest(fair_value, 0)) as receivable
from positions_at(d)
group by grouping sets ((counterparty_number), (legal_entity, book, currency, direction, instrument));

create table totals as from totals_at(last_date()) with no data;

-- singled_out_at: the positions of a date that are looked at one by one, written
-- down as the table singled_out: hedges, what does not match and what is adjusted
create macro singled_out_at(d) as table
select i, legal_entity, currency, current_notional, fair_value, direction, instrument, name_number, purpose_code, offsets_position_id, mirror_id, is_broken
from positions_at(d)
where is_singled_out;

create table singled_out as from singled_out_at(last_date()) with no data;

-- notionals_at: current notionals of a date, by what the key of movements tells
-- apart; those of the date before are written down as the table opening
create macro notionals_at(d) as table
select direction, instrument, currency, count(*) as records, sum(current_notional) as current_notional
from positions_at(d) group by all;

create table opening as from notionals_at(first_date()) with no data;

-- changes_at and realized_at: the events of a date's files, written down as the
-- tables changes and realized for the same reason
create macro changes_at(previous, d) as table
from lifecycle_events where booking_date > previous and booking_date <= d;

create macro realized_at(d) as table
from realized_events where booking_date >= date_trunc('year', d) and booking_date <= d;

create table changes as from lifecycle_events with no data;

create table realized as from realized_events with no data;

-- lifecycle_file: events are sorted before they are put into words, which are wide
create macro lifecycle_file() as table
select 'E' || position_id(i) || '-' || part as event_id, 1 as event_version, position_id(i) as position_id, kind, event_date, booking_date, notional_before, notional_after,
  case when kind = 'compression' then position_id(i - i % 10) end as related_position_id,
  currency, instrument, direction, purpose_name(first_purpose) as purpose, legal_entity, counterparty_entity
from (from changes order by i, part);

-- realized_file: the fiscal year to date; a corrected event comes twice
create macro realized_file() as table
select 'R' || position_id(i) || '-' || part as event_id, version as event_version, position_id(i) as position_id, kind, event_date, booking_date,
  cast(case when version = 1 and has_two_versions then cents + 100000 else cents end as decimal(18, 0)) * cast(0.01 as decimal(2, 2)) as cash, cash as realized_gain_loss,
  currency, instrument, direction, purpose_name(first_purpose) as purpose,
  case when is_internal then 'OWN-' || counterparty_entity else counterparty_id(counterparty_number) end as counterparty_id, legal_entity, counterparty_entity
from (from realized, (values (1), (2)) as v(version) where version = 1 or has_two_versions order by i, part, version);

-- holdings_file: loans and commitments to the names that are hedged: half as much
-- again as the hedges, less for every fiftieth hedge group, none for the one after it
create macro holdings_file(d) as table
with hedged as (
  select p.name_number as number, p.legal_entity, sum(p.current_notional * cast(1.40 / c.per_euro as decimal(9, 4))) as notional
  from singled_out as p join currencies as c on c.currency = p.currency
  where p.purpose_code = 'CPM' and p.direction = 'bought' and p.name_number is not null
  group by all
)
select 'H-' || reference_entity_id(number) || '-' || legal_entity || '-' || kind as holding_id, legal_entity, reference_entity_id(number) as obligor_id, kind,
  cast(notional * share * case when number // 3 % 50 = 7 then 0.40 else 1.00 end as decimal(18, 2)) as amount, basis, 'USD' as currency
from hedged, (values ('loan', 'funded', 0.90), ('investment', 'fair_value', 0.15), ('commitment', 'undrawn', 0.45)) as k(kind, basis, share)
where number // 3 % 50 <> 8
order by holding_id;

create macro collateral_file(d) as table
select netting_set_id, 'CSA' as agreement, 'USD' as currency,
  cast(case when fair_value > 0 then fair_value * 0.8 else 0 end as decimal(18, 2)) as held, cast(case when fair_value < 0 then -fair_value * 0.8 else 0 end as decimal(18, 2)) as posted,
  case when draw(hash(netting_set_id), 'recoverable', 20) = 0 then 'true' else 'false' end as recoverable_on_trigger,
  pick(hash(netting_set_id), 'agency', ['lower', 'higher', 'sp', 'moodys']) as agency, 'A-' as grade, cast(1000000 * (1 + draw(hash(netting_set_id), 'threshold', 50)) as decimal(18, 2)) as threshold,
  cast(0 as decimal(18, 2)) as independent_amount, cast(500000 as decimal(18, 2)) as minimum_transfer, 'BBB-' as termination_trigger,
  cast(fair_value * 0.3 as decimal(18, 2)) as other_products_fair_value, cast(abs(fair_value) * 0.01 as decimal(18, 2)) as cva
from (select *, 'NS-' || coalesce(c.entity, substr(c.counterparty_id, 2)) as netting_set_id from totals join counterparties as c on c.number = counterparty_number)
order by netting_set_id;

create macro pnl_explain_file(d) as table
select p.book, any_value(cast(d as date)) as pnl_date, factor, cast(sum(cast(p.fair_value as decimal(18, 2)) * cast(1.40 / c.per_euro as decimal(9, 4))) * share as decimal(18, 2)) as amount, 'USD' as currency
from totals as p join currencies as c on c.currency = p.currency,
  (values ('spread', 0.60), ('rates', 0.10), ('carry', 0.15), ('credit_event', 0.05), ('volatility_and_correlation', 0.05), ('model', 0.02), ('other', 0.01)) as f(factor, share)
group by p.book, factor, share order by p.book, factor;

create macro adjustments_file(d) as table
select 'ADJ-' || d || '-' || number as adjustment_id, cast(d as date) as as_of, position_id(i) as position_id, 'USD' as currency, cast(0 as decimal(18, 2)) as notional, cast(-1000 * number as decimal(18, 2)) as fair_value,
  'LATE_MARK' as reason_code, 'mark of the price committee after the cut-off' as reason, 'p. reparer' as preparer, 'controller' as approver, (d + 4) || 'T16:20:00Z' as approved_at
from (select i, row_number() over (order by i) as number from singled_out where i % 10 = 5 and i < 1000 and currency = 'USD' limit 3)
order by adjustment_id;

-- ledger_file: gross fair values of the book, each with the adjustments to it, without notes
create macro ledger_file(d) as table
select legal_entity, account, measure, currency, amount from (
  select legal_entity, currency, sum(receivable) as receivable, sum(payable) as payable
  from (
    select legal_entity, currency, instrument, receivable, receivable - fair_value as payable from totals where counterparty_number is null
    union all
    select p.legal_entity, p.currency, p.instrument, greatest(p.fair_value + a.fair_value, 0) - greatest(p.fair_value, 0), greatest(-p.fair_value - a.fair_value, 0) - greatest(-p.fair_value, 0)
    from singled_out as p join adjustments_file(d) as a on a.position_id = position_id(p.i))
  where instrument <> 'credit_linked_note'
  group by all) as b,
  lateral (values ('1851', 'gross_receivable', receivable), ('2851', 'gross_payable', payable)) as a(account, measure, amount)
order by legal_entity, account, currency;

create macro holidays_file() as table
select 'US' as calendar, cast(make_date(cast(year as integer), 12, 25) as date) as holiday from range(year(since()), year(last_date()) + 1) as t(year) order by holiday;

create macro control_totals_file(d) as table
select any_value('positions_' || cast(d as date) || '.csv') as file, any_value(cast(d as date)) as as_of, sum(sum(records)) over () as records, currency, sum(notional) as notional, sum(fair_value) as fair_value
from totals where counterparty_number is null group by currency order by currency;
