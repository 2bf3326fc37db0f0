-- evidence_positions: one row per position that evidence may concern: hedges,
-- clients' trades, their offsets, and what lays off another position; the direction is
-- the economic one, because a receiver option that is held protects no holding
-- reads: measured
select
  source_system,
  position_id,
  {{.OwnTerm "currency"}} as currency,
  instrument,
  direction_economic as direction,
  purpose,
  cast({{.Detail}} as varchar) as detail,
  designation,
  book,
  trade_date,
  last_date,
  hedged_item_id,
  offsets_position_id,
  offset_pool,
  case when {{.IsOnName}} then coalesce(hedge_group, reference_entity_id) end as hedge_group,
  not ({{.IsOnName}}) as is_portfolio,
  case when purpose <> {{.Term "purpose" "'credit_portfolio_hedge'"}} then {{.Underlying}} end as underlying,
  notional_local,
  convert_amount(notional_local, notional_numerator, notional_denominator) as notional{{range .Scopes}},
  {{.Status "legal_entity" "coalesce(counterparty_entity, entity_of_counterparty)"}} as {{.Column}}{{end}}
from measured
where purpose in ({{.Term "purpose" "'credit_portfolio_hedge'"}}, {{.Term "purpose" "'client'"}}, {{.Term "purpose" "'client_offset'"}})
  or offsets_position_id is not null
