-- facts: one row per position or adjustment and slice, with the measures derived
-- from those that are stored
-- reads: facts_stored
select
  source_system, position_id, slice, origin, adjustment_id, legal_entity, mirror_id, currency,
  instrument, instrument_rule, funded,
  direction, direction_rule, direction_economic, direction_economic_rule, obligation, obligation_rule,
  purpose, purpose_rule, purpose_detail, designation, counterparty_type, counterparty_type_rule,
  rating_grade, rating_grade_rule, maturity_bucket, maturity_bucket_rule,
  underlying_kind, sector, attachment_bucket, restructuring, definitions, settlement_method, credit_event_set, credit_events, status,
  counterparty_id, reference_entity_id, netting_set_id, book, index_name, index_series, basket_id, attachment_point, detachment_point, seniority,
  reference_obligation_id, last_date, capital_treatment, fair_value_level,
  case
    when fair_value > 0 then 'receivable'
    when fair_value < 0 then 'payable'
    when fair_value = 0 then 'nil'
    else 'no_value'
  end as fair_value_status,
  notional_is_floor, origin = 'position' and slice <= 1 as is_contract, recovery_fixed, notional_factor, notional_local, notional, fair_value, fair_value_before,
  case
    when fair_value_before is not null then cast(greatest(fair_value_before + fair_value, 0) - greatest(fair_value_before, 0) as decimal(18, 2))
    when fair_value > 0 then fair_value
    else cast(0 as decimal(18, 2))
  end as fair_value_receivable,
  case
    when fair_value_before is not null then cast(greatest(-fair_value_before - fair_value, 0) - greatest(-fair_value_before, 0) as decimal(18, 2))
    when fair_value < 0 then -fair_value
    else cast(0 as decimal(18, 2))
  end as fair_value_payable,
  valuation_adjustment,
  case
    when direction = 'bought' then notional
    when direction = 'sold' then -notional
    else cast(0 as decimal(18, 2))
  end as net_notional,
  coalesce(fair_value, cast(0 as decimal(18, 2))) as net_fair_value,
  case
    when obligation = 'default_payout' then notional
    when obligation = 'fixed_payout' then cast(
      round(cast(notional_before + notional as decimal(28, 2)) * cast(1 - recovery_fixed as decimal(9, 8)), 2)
      - round(cast(notional_before as decimal(28, 2)) * cast(1 - recovery_fixed as decimal(9, 8)), 2) as decimal(18, 2))
    when obligation = 'carrying_amount' then case
      when fair_value_before is not null then cast(greatest(fair_value_before + fair_value, 0) - greatest(fair_value_before, 0) as decimal(18, 2))
      when fair_value < 0 then cast(0 as decimal(18, 2))
      else fair_value
    end
    when obligation in ('no_fixed_maximum', 'unclassified') then null
    else cast(0 as decimal(18, 2))
  end as maximum_exposure,
  findings,
  {{range .Scopes}}{{.Column}}, {{end}}as_of_date, release
from facts_stored
