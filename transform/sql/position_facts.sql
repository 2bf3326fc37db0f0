-- position_facts: one row per position, by its labels: key, classes, the rules
-- that decided them, money in the trade's and in the reporting currency, and what a
-- person should look at
-- reads: measured
select
  source_system,
  position_id,
  0 as slice,
  {{.Term "origin" "'position'"}} as origin,
  cast(null as varchar) as adjustment_id,
  legal_entity,
  mirror_id,
  {{.OwnTerm "currency"}} as currency,
  instrument,
  {{.RuleID "instrument"}} as instrument_rule,
  instrument = {{.Term "instrument" "'credit_linked_note'"}} as funded,
  direction,
  {{.RuleID "direction"}} as direction_rule,
  direction_economic,
  {{.RuleID "direction_economic"}} as direction_economic_rule,
  obligation,
  {{.RuleID "obligation"}} as obligation_rule,
  purpose,
  {{.RuleID "purpose"}} as purpose_rule,
  {{.Detail}} as purpose_detail,
  coalesce({{.OwnTerm "designation"}}, {{.Term "designation" "'not_stated'"}}) as designation,
  type_decided as counterparty_type,
  {{.RuleID "counterparty_type"}} as counterparty_type_rule,
  rating_grade,
  {{.RuleID "rating_grade"}} as rating_grade_rule,
  maturity_bucket,
  {{.RuleID "maturity_bucket"}} as maturity_bucket_rule,
  coalesce({{.OwnTerm "underlying_kind"}}, kind_of_reference, {{.Term "underlying_kind" "'not_stated'"}}) as underlying_kind,
  coalesce(sector_of_reference, {{.Term "sector" "'not_stated'"}}) as sector,
  case
    when attachment_point is null then {{.Term "attachment_bucket" "'not_tranched'"}}
    when attachment_point < 0.03 then {{.Term "attachment_bucket" "'below_3_percent'"}}
    when attachment_point < 0.07 then {{.Term "attachment_bucket" "'from_3_to_7_percent'"}}
    when attachment_point < 0.15 then {{.Term "attachment_bucket" "'from_7_to_15_percent'"}}
    when attachment_point < 0.30 then {{.Term "attachment_bucket" "'from_15_to_30_percent'"}}
    else {{.Term "attachment_bucket" "'from_30_percent'"}}
  end as attachment_bucket,
  {{.Triggers "restructuring"}} as restructuring,
  {{.Triggers "definitions"}} as definitions,
  {{.Triggers "settlement_method"}} as settlement_method,
  case
    when credit_events is null then {{.Term "credit_event_set" "'not_stated'"}}
    else coalesce({{.CreditEventSet}}, {{.Term "credit_event_set" "'unclassified'"}})
  end as credit_event_set,
  {{.NamedCreditEvents}} as credit_events,
  coalesce({{.OwnTerm "status"}}, {{.Term "status" "'open'"}}) as status,
  counterparty_id,
  case when {{.IsOnName}} then reference_entity_id end as reference_entity_id,
  netting_set_id,
  book,
  index_name,
  index_series,
  basket_id,
  attachment_point,
  detachment_point,
  {{.OwnTerm "seniority"}} as seniority,
  reference_obligation_id,
  last_date,
  coalesce({{.OwnTerm "capital_treatment"}}, {{.Term "capital_treatment" "'not_stated'"}}) as capital_treatment,
  fair_value_level,
  coalesce(notional_is_floor, false) as notional_is_floor,
  recovery_fixed,
  notional_factor,
  notional_local,
  cast(0 as decimal(18, 2)) as notional_before,
  convert_amount(notional_local, notional_numerator, notional_denominator) as notional,
  convert_amount(fair_value, value_numerator, value_denominator) as fair_value,
  cast(null as decimal(18, 2)) as fair_value_before,
  convert_amount(valuation_adjustment, value_numerator, value_denominator) as valuation_adjustment,
  case
    when {{.AnyFinding}} then concat_ws(chr(10){{range .PositionFindings}},
      case when {{.When}} then '{{.Code}}: ' || replace({{.Subject}}, chr(10), ' ') end{{end}})
  end as findings,
  {{range $i, $number := .RuleNumbers}}{{$number}} as rule_number_{{$i}},
  {{end}}{{range .Scopes}}{{.Status "legal_entity" "coalesce(counterparty_entity, entity_of_counterparty)"}} as {{.Column}},
  {{end}}{{.AsOf}} as as_of_date,
  {{.Term "release" .Release}} as release
from measured
