-- position_facts: one row per position, or per slice of one: key, classes, the rules
-- that decided them, money in the trade's and in the reporting currency, and what a
-- person should look at. Rendered twice where evidence has slices: for the
-- positions without, and for those with.
-- reads: measured, slices
select
  source_system,
  position_id,
  {{if .Slicing}}s.slice{{else}}0{{end}} as slice,
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
  {{if .Slicing}}coalesce(s.purpose_by_evidence, m.purpose){{else}}purpose{{end}} as purpose,
  {{if .Slicing}}coalesce(s.rule_by_evidence, {{.RuleID "purpose"}}){{else}}{{.RuleID "purpose"}}{{end}} as purpose_rule,
  {{if .Slicing}}s.detail_by_evidence{{else}}{{.Detail}}{{end}} as purpose_detail,
  coalesce({{.OwnTerm "designation"}}, {{.Term "designation" "'not_stated'"}}) as designation,
  type_decided as counterparty_type,
  {{.RuleID "counterparty_type"}} as counterparty_type_rule,
  {{.Decided "rating_grade"}} as rating_grade,
  {{.RuleID "rating_grade"}} as rating_grade_rule,
  {{.Decided "maturity_bucket"}} as maturity_bucket,
  {{.RuleID "maturity_bucket"}} as maturity_bucket_rule,
  coalesce({{.OwnTerm "underlying_kind"}}, kind_of_reference, {{.Term "underlying_kind" "'not_stated'"}}) as underlying_kind,
  coalesce({{.OwnTerm "capital_treatment"}}, {{.Term "capital_treatment" "'not_stated'"}}) as capital_treatment,
  fair_value_level,
  coalesce(notional_is_floor, false) as notional_is_floor,
  recovery_fixed,
  notional_factor,
  {{.Part "notional_local"}} as notional_local,
  {{.Before "convert_amount(notional_local, notional_numerator, notional_denominator)"}} as notional_before,
  {{.Part "convert_amount(notional_local, notional_numerator, notional_denominator)"}} as notional,
  {{.Part "convert_amount(fair_value, value_numerator, value_denominator)"}} as fair_value,
  {{.Part "convert_amount(valuation_adjustment, value_numerator, value_denominator)"}} as valuation_adjustment,
  case
    when {{.AnyFinding}} then concat_ws(chr(10){{range .PositionFindings}},
      case when {{.When}} then '{{.Code}}: ' || replace({{.Subject}}, chr(10), ' ') end{{end}})
  end as findings,
  {{range .Scopes}}{{.Status "legal_entity" "coalesce(counterparty_entity, entity_of_counterparty)"}} as {{.Column}},
  {{end}}{{.AsOf}} as as_of_date,
  {{.Term "release" .Release}} as release
from measured as m{{if .Slicing}}
join slices as s on s.sliced_id = m.position_id and s.sliced_system = m.source_system{{else if .Sliced}}
left join (select distinct sliced_system, sliced_id from slices) as s on s.sliced_id = m.position_id and s.sliced_system = m.source_system
where s.sliced_id is null{{end}}
