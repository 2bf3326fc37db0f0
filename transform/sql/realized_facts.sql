-- realized_facts: one row per event booked in the fiscal year to date, or in the
-- same period of the year before where that is delivered, converted once at the rate
-- of its own date, with the classification that was frozen at the event or, where
-- none was, that of its position. Of an event that has cash alone the amount is what
-- realized.cash_only makes of it (DOMAIN: flows). Our own entity on the other side is
-- what the event says; else, of a counterparty that is not the position's (before a
-- novation), that counterparty's; else the position's or its counterparty's. Which of our
-- entities a counterparty was, and how an event stands to a scope, is told at its own date.
-- reads: realized, released_basis, event_conversions, position_facts_written,
-- positions, own_counterparties
with booked as (
  select r.*, coalesce(r.instrument is not null and r.direction is not null, false) as is_frozen, booking_date >= {{.YearStart}} as is_this_year,
    b.event_id is not null as has_basis, b.released
  from realized as r
  left join released_basis as b on b.event_id = r.event_id
  where (booking_date >= {{.YearStart}} and booking_date <= {{.AsOf}}) or (booking_date >= {{.YearBeforeFrom}} and booking_date <= {{.YearBeforeAsOf}})
),
found as (
  select *,
    case
      when realized_gain_loss is not null then 'sub_ledger'
      when not {{.DerivesCash}} then 'none'
      when cash is null and kind = 'maturity' and released is not null then 'basis_released' -- what was paid lapsed
      when cash is null then 'none'
      when kind in ('premium', 'total_return_reset', 'recovery') then 'as_settled'
      when kind in ('upfront', 'option_premium') and released is not null then 'basis_released' -- booked after what closed its position
      when kind in ('upfront', 'option_premium') then 'basis'
      when kind in ('transfer', 'collateral') then 'never_realized'
      when kind in ('partial_termination', 'termination', 'novation', 'maturity', 'exercise', 'credit_event') and (not has_basis or released is not null) then 'basis_released'
      else 'none'
    end as amount_from
  from booked
),
amounts as (
  select *,
    case
      when amount_from = 'sub_ledger' then realized_gain_loss
      when amount_from = 'as_settled' then cash
      when amount_from = 'basis_released' and kind in ('upfront', 'option_premium') then released
      when amount_from = 'basis_released' then cast(coalesce(cash, cast(0 as decimal(18, 2))) + coalesce(released, cast(0 as decimal(18, 2))) as decimal(18, 2))
      when amount_from in ('basis', 'never_realized') then cast(0 as decimal(18, 2))
    end as realized_local
  from found
),
still_open as (
  select position_id, min(instrument) as instrument, min(direction) as direction, min(purpose) as purpose, min(legal_entity) as legal_entity,
    min(counterparty_id) as counterparty_id, min(reference_entity_id) as reference_entity_id
  from position_facts_written
  where position_id in (
    select position_id from booked
    where not is_frozen or legal_entity is null or counterparty_entity is null or (reference_entity_id is null and kind in ('credit_event', 'recovery')))
  group by position_id
  having count(*) = 1
),
internal_by_themselves as ( -- few: facts do not have the column
  select position_id, min(counterparty_entity) as counterparty_entity
  from positions
  where counterparty_entity is not null and position_id in (select position_id from booked where counterparty_entity is null)
  group by position_id
),
classified as (
  select
    r.event_id, r.position_id, r.kind, r.event_date, r.booking_date, r.is_this_year,
    r.booking_date >= case when r.is_this_year then {{.QuarterStart}} else {{.YearBeforeQuarterStart}} end as in_quarter,
    case
      when r.event_date >= case when r.is_this_year then {{.QuarterStart}} else {{.YearBeforeQuarterStart}} end then 'quarter'
      when r.event_date >= case when r.is_this_year then {{.YearStart}} else {{.YearBeforeStart}} end then 'year_to_date'
      else 'prior_year'
    end as event_period,
    coalesce(r.legal_entity, p.legal_entity) as legal_entity,
    r.counterparty_id,
    case
      when r.counterparty_entity is not null then r.counterparty_entity
      when r.counterparty_id <> p.counterparty_id then e.entity
      when p.position_id is null then e.entity
      else coalesce(i.counterparty_entity, o.entity, e.entity)
    end as counterparty_entity,
    coalesce(r.reference_entity_id, p.reference_entity_id) as reference_entity_id,
    case when r.is_frozen then r.instrument else coalesce(p.instrument, 'unclassified') end as instrument,
    case when r.is_frozen then r.direction else coalesce(p.direction, 'unclassified') end as direction,
    coalesce(r.purpose, p.purpose, 'unclassified') as purpose,
    case when r.is_frozen then 'frozen' when p.position_id is not null then 'position' else 'none' end as classification,
    r.currency, r.amount_from, r.cash as cash_local,
    case when r.amount_from = 'basis_released' then coalesce(r.released, cast(0 as decimal(18, 2))) end as basis_released_local,
    r.realized_local,
    convert_amount(r.realized_local, n.numerator, n.denominator) as realized,
    convert_amount(r.cash, n.numerator, n.denominator) as cash
  from amounts as r
  left join still_open as p on p.position_id = r.position_id
  left join internal_by_themselves as i on i.position_id = r.position_id
  left join own_counterparties as e on e.counterparty_id = r.counterparty_id and e.first_day <= r.event_date and e.last_day >= r.event_date
  left join own_counterparties as o on o.counterparty_id = p.counterparty_id and o.first_day <= r.event_date and o.last_day >= r.event_date
  left join event_conversions as n on n.currency = r.currency and n.event_date = r.event_date
)
select
  event_id, position_id, kind, event_date, booking_date, case when is_this_year then 'this_year' else 'year_before' end as fiscal_year,
  in_quarter, event_period, legal_entity, counterparty_id, reference_entity_id, instrument,
  instrument = 'credit_linked_note' as funded,
  direction, purpose, classification, currency, amount_from, cash_local, basis_released_local, realized_local,
  case when is_this_year then realized end as realized_gain_loss,
  case when is_this_year then cash end as cash,
  case when not is_this_year then realized end as realized_year_before,
  case when not is_this_year then cash end as cash_year_before,
  case
    when realized > 0 then 'gain'
    when realized < 0 then 'loss'
    when realized = 0 then 'nil'
    else 'no_value'
  end as result{{range .Scopes}},
  {{.StatusOn "legal_entity" "counterparty_entity" "event_date"}} as {{.Column}}{{end}},
  {{.AsOf}} as as_of_date,
  {{.Release}} as release
from classified
