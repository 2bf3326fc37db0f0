-- position_facts: one row per position: key, classes, the rules that decided them,
-- money in the trade's and in the reporting currency, and what a person should look at
-- reads: classified
with measured as (
  select
    c.*,
    case
      when c.notional_basis = 'original' and c.attachment_point is not null then null
      when c.notional_basis = 'original' and c.index_name is not null then coalesce(c.index_factor, c.factor_of_index)
      else cast(1 as decimal(18, 8))
    end as notional_factor,
    case
      when c.notional_basis = 'original' and c.attachment_point is not null
        then cast(greatest(c.notional - coalesce(c.losses_to_date, 0), 0) as decimal(18, 2))
      when c.notional_basis = 'original' and c.index_name is not null and coalesce(c.index_factor, c.factor_of_index) is not null
        then times_factor(c.notional, coalesce(c.index_factor, c.factor_of_index))
      else c.notional
    end as notional_local,
    {{.Numerator "c.currency"}} as notional_numerator, {{.Denominator "c.currency"}} as notional_denominator,
    case when c.fair_value_currency is null then {{.Numerator "c.currency"}} else {{.Numerator "c.fair_value_currency"}} end as value_numerator,
    case when c.fair_value_currency is null then {{.Denominator "c.currency"}} else {{.Denominator "c.fair_value_currency"}} end as value_denominator
  from classified as c
),
decided as (
  select
    *,
    {{.Decided "direction"}} as direction,
    {{.Decided "direction_economic"}} as direction_economic,
    {{.Decided "obligation"}} as obligation,
    {{.Decided "purpose"}} as purpose,
    {{.Decided "counterparty_type"}} as type_decided,
    coalesce(product_instrument <> instrument and instrument <> {{.Term "instrument" "'unclassified'"}}, false) as product_disagrees
  from measured
)
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
  case
    when purpose_of_code is not null then detail_of_code
    else detail_of_book
  end as purpose_detail,
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
  notional_local,
  convert_amount(notional_local, notional_numerator, notional_denominator) as notional,
  convert_amount(fair_value, value_numerator, value_denominator) as fair_value,
  convert_amount(valuation_adjustment, value_numerator, value_denominator) as valuation_adjustment,
  case
    when {{.AnyFinding}} then concat_ws(chr(10){{range .PositionFindings}},
      case when {{.When}} then '{{.Code}}: ' || replace({{.Subject}}, chr(10), ' ') end{{end}})
  end as findings,
  {{range .Scopes}}{{.Status "legal_entity" "coalesce(counterparty_entity, entity_of_counterparty)"}} as {{.Column}},
  {{end}}{{.AsOf}} as as_of_date,
  {{.Term "release" .Release}} as release
from decided
