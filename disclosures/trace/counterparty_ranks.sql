-- counterparty_ranks, fact by fact: one row per fact that the relation adds up, with
-- the place, name and grade that its counterparty has there
-- reads: facts, ranked, counterparties_as_of
select
  f.source_system, f.position_id, f.slice, f.adjustment_id, f.instrument, f.instrument_rule, f.direction, f.direction_rule,
  f.purpose, f.counterparty_id, f.reference_entity_id, f.currency, f.notional_local,
  f.notional, f.fair_value_receivable, f.fair_value_payable, f.{{.Scope}},
  case when r.place <= 10 then cast(r.place as varchar) else 'others' end as place,
  case when r.place <= 10 then coalesce(c.name, f.counterparty_id) end as name,
  case
    when c.notch <= 10 then 'investment'
    when c.notch > 10 then 'non_investment'
    else 'not_rated'
  end as rating_grade
from facts as f
left join ranked as r on r.counterparty_id = f.counterparty_id
left join counterparties_as_of as c on c.counterparty_id = f.counterparty_id
where f.{{.Scope}} = 'external' and not f.funded
