-- adjustment_facts: one row per adjustment that applies, classified as the position
-- that it names or as it says itself; our entity is always that of the position;
-- a position of which several source systems have the id is none. A position and its
-- adjustments are receivable or payable as one (DOMAIN: measures)
-- reads: applied_adjustments, position_facts_written, position_slices_written, conversions
with named as (
  select *, count(*) over (partition by position_id) as systems
  from position_facts_written
  where position_id in (select position_id from applied_adjustments where position_id is not null)
),
ambiguous as (
  select position_id
  from named
  where systems > 1
  group by position_id
),
worth as ( -- by purpose, which evidence may have cut it into
  select source_system, position_id, purpose, cast(coalesce(sum(fair_value), 0) as decimal(18, 2)) as fair_value
  from position_slices_written
  where position_id in (select position_id from named)
  group by source_system, position_id, purpose
),
valued as ( -- what the position was worth before each adjustment of its own class
  select a.adjustment_id,
    cast(w.fair_value
      + coalesce(sum(convert_amount(a.fair_value, n.numerator, n.denominator)) over (partition by a.position_id order by a.adjustment_id rows between unbounded preceding and 1 preceding), 0) as decimal(18, 2)) as fair_value_before
  from applied_adjustments as a
  join named as p on p.position_id = a.position_id and p.systems = 1
  join worth as w on w.position_id = p.position_id and w.source_system = p.source_system and w.purpose = p.purpose
  left join conversions as n on n.currency = a.currency
  where a.fair_value is not null
    and coalesce(a.instrument, p.instrument) = p.instrument and coalesce(a.direction, p.direction) = p.direction and coalesce(a.purpose, p.purpose) = p.purpose
)
select
  p.source_system,
  a.position_id,
  0 as slice,
  'adjustment' as origin,
  a.adjustment_id,
  case when p.position_id is not null then p.legal_entity else a.legal_entity end as legal_entity,
  p.mirror_id,
  a.currency,
  coalesce(a.instrument, p.instrument, 'unclassified') as instrument,
  'adjustment' as instrument_rule,
  coalesce(a.instrument, p.instrument, 'unclassified') = 'credit_linked_note' as funded,
  coalesce(a.direction, p.direction, 'unclassified') as direction,
  'adjustment' as direction_rule,
  coalesce(a.direction, p.direction_economic, 'unclassified') as direction_economic,
  'adjustment' as direction_economic_rule,
  case -- the position's, unless the adjustment says another class; then what protection of that class obliges to
    when coalesce(a.instrument, p.instrument) = p.instrument and coalesce(a.direction, p.direction) = p.direction then p.obligation
    when a.direction = 'bought' or coalesce(a.instrument, p.instrument) = 'recovery_lock' then 'none'
    when a.direction = 'sold' and coalesce(a.instrument, p.instrument) = 'contingent_cds' then 'no_fixed_maximum'
    when a.direction = 'sold' and coalesce(a.instrument, p.instrument) = 'credit_linked_note' then 'carrying_amount'
    when a.direction = 'sold' then 'default_payout'
    else 'unclassified'
  end as obligation,
  'adjustment' as obligation_rule,
  coalesce(a.purpose, p.purpose, 'unclassified') as purpose,
  'adjustment' as purpose_rule,
  p.purpose_detail,
  coalesce(a.designation, p.designation, 'not_stated') as designation,
  coalesce(a.counterparty_type, p.counterparty_type, 'unclassified') as counterparty_type,
  'adjustment' as counterparty_type_rule,
  coalesce(a.rating_grade, p.rating_grade, 'not_rated') as rating_grade,
  'adjustment' as rating_grade_rule,
  coalesce(a.maturity_bucket, p.maturity_bucket, 'no_maturity') as maturity_bucket,
  'adjustment' as maturity_bucket_rule,
  coalesce(p.underlying_kind, 'not_stated') as underlying_kind,
  coalesce(p.sector, 'not_stated') as sector,
  coalesce(p.attachment_bucket, 'not_tranched') as attachment_bucket,
  coalesce(p.restructuring, 'not_stated') as restructuring,
  coalesce(p.definitions, 'not_stated') as definitions,
  coalesce(p.settlement_method, 'not_stated') as settlement_method,
  coalesce(p.credit_event_set, 'not_stated') as credit_event_set,
  coalesce(p.credit_events, 'none') as credit_events,
  coalesce(p.status, 'open') as status,
  p.counterparty_id,
  p.reference_entity_id,
  p.netting_set_id,
  p.book,
  p.index_name,
  p.index_series,
  p.basket_id,
  p.attachment_point,
  p.detachment_point,
  p.seniority,
  p.reference_obligation_id,
  p.last_date,
  coalesce(p.capital_treatment, 'not_stated') as capital_treatment,
  p.fair_value_level,
  false as notional_is_floor,
  p.recovery_fixed,
  cast(1 as decimal(18, 8)) as notional_factor,
  coalesce(a.notional, cast(0 as decimal(18, 2))) as notional_local,
  cast(0 as decimal(18, 2)) as notional_before,
  convert_amount(coalesce(a.notional, cast(0 as decimal(18, 2))), n.numerator, n.denominator) as notional,
  convert_amount(coalesce(a.fair_value, cast(0 as decimal(18, 2))), n.numerator, n.denominator) as fair_value,
  v.fair_value_before,
  cast(null as decimal(18, 2)) as valuation_adjustment,
  nullif(concat_ws(chr(10),
    case when d.position_id is not null then 'adjustment_of_several_positions: ' || a.adjustment_id end,
    case when a.position_id is not null and a.instrument is null and p.position_id is null and d.position_id is null then 'adjustment_without_position: ' || a.adjustment_id end,
    case when p.position_id is not null and a.legal_entity <> coalesce(p.legal_entity, '') then 'adjustment_of_another_entity: ' || a.adjustment_id end,
    case when a.direction = 'sold' and a.instrument = 'contingent_cds' then 'no_fixed_maximum: contingent_cds' end{{if .ListsEntities}},
    case when case when p.position_id is not null then p.legal_entity else a.legal_entity end is null then 'adjustment_without_entity: ' || a.adjustment_id end{{end}}), '') as findings,
  {{range $i, $number := .RuleNumbers}}cast(null as bigint) as rule_number_{{$i}},
  {{end}}{{range .Scopes}}case when p.position_id is not null then p.{{.Column}} else {{.Status "a.legal_entity" "cast(null as varchar)"}} end as {{.Column}},
  {{end}}{{.AsOf}} as as_of_date,
  {{.Release}} as release
from applied_adjustments as a
left join named as p on p.position_id = a.position_id and p.systems = 1
left join ambiguous as d on d.position_id = a.position_id
left join valued as v on v.adjustment_id = a.adjustment_id
left join conversions as n on n.currency = a.currency
