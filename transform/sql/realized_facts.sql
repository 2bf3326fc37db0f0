-- realized_facts: one row per event booked in the fiscal year to date, converted
-- once at the rate of its own date, with the classification that was frozen at
-- the event or, where none was, that of its position
-- reads: realized, event_conversions, position_facts_written
with booked as (
  select *, coalesce(instrument is not null and direction is not null, false) as is_frozen
  from realized
  where booking_date >= {{.YearStart}} and booking_date <= {{.AsOf}}
),
still_open as (
  select position_id, min(instrument) as instrument, min(direction) as direction, min(purpose) as purpose, min(legal_entity) as legal_entity
  from position_facts_written
  where position_id in (select position_id from booked where not is_frozen or legal_entity is null)
  group by position_id
  having count(*) = 1
),
classified as (
  select
    r.event_id, r.position_id, r.kind, r.event_date, r.booking_date,
    r.booking_date >= {{.QuarterStart}} as in_quarter,
    case when r.event_date >= {{.QuarterStart}} then 'quarter' when r.event_date >= {{.YearStart}} then 'year_to_date' else 'prior_year' end as event_period,
    coalesce(r.legal_entity, p.legal_entity) as legal_entity,
    r.counterparty_id, r.counterparty_entity,
    case when r.is_frozen then r.instrument else coalesce(p.instrument, 'unclassified') end as instrument,
    case when r.is_frozen then r.direction else coalesce(p.direction, 'unclassified') end as direction,
    coalesce(r.purpose, p.purpose, 'unclassified') as purpose,
    case when r.is_frozen then 'frozen' when p.position_id is not null then 'position' else 'none' end as classification,
    r.currency,
    r.realized_gain_loss as realized_local,
    convert_amount(r.realized_gain_loss, n.numerator, n.denominator) as realized_gain_loss
  from booked as r
  left join still_open as p on p.position_id = r.position_id
  left join event_conversions as n on n.currency = r.currency and n.event_date = r.event_date
)
select
  event_id, position_id, kind, event_date, booking_date, in_quarter, event_period, legal_entity, counterparty_id, instrument,
  instrument = 'credit_linked_note' as funded,
  direction, purpose, classification, currency, realized_local, realized_gain_loss,
  case
    when realized_gain_loss > 0 then 'gain'
    when realized_gain_loss < 0 then 'loss'
    when realized_gain_loss = 0 then 'nil'
    else 'no_value'
  end as result{{range .Scopes}},
  {{.Status "legal_entity" "counterparty_entity"}} as {{.Column}}{{end}},
  {{.AsOf}} as as_of_date,
  {{.Release}} as release
from classified
